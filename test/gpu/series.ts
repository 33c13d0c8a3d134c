/** Polls an open meter every 5 ms and keeps of each device what tells how its sensors behave. */
import type { OpenMeter, Reading } from "../../src/meters/meter";
import type { Device } from "../../src/model/device";
import type { Observation } from "./page";

const pollS = 0.005;

export async function observe(open: OpenMeter, devices: readonly Device[], seconds: number) {
  const series = devices.map(() => new Series());
  const polls: number[] = [];
  const startedAt = performance.now();
  const nowS = () => (performance.now() - startedAt) / 1000;
  while (nowS() < seconds) {
    const before = nowS();
    const readings = await open.read();
    const after = nowS();
    polls.push(after - before);
    for (const [index, reading] of readings.entries()) series[index]!.add((before + after) / 2, reading);
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, (before + pollS - nowS()) * 1000)));
  }
  polls.sort((a, b) => a - b);
  const at = (share: number) => polls[Math.min(polls.length - 1, Math.floor(share * polls.length))]!;
  return { series, pollTimeS: { median: at(0.5), p99: at(0.99), longest: at(1) } };
}

export class Series {
  readonly failures: string[] = [];
  falls = 0;
  hasEnergy = false;
  /** The first value that no meter may give. */
  strange: string | undefined;
  private readonly energy: { readonly timeS: number; readonly value: number }[] = [];
  private readonly power: { readonly timeS: number; readonly value: number }[] = [];
  private readonly instant: { readonly timeS: number; readonly value: number }[] = [];
  private readonly utilization: number[] = [];
  private readonly throttle = new Set<number>();

  add(timeS: number, { failure, ...values }: Reading): void {
    if (failure !== undefined) {
      this.failures.push(failure);
      return;
    }
    for (const [name, value] of Object.entries(values)) {
      if (!Number.isFinite(value) || value < 0) this.strange ??= `${name}: ${value}`;
    }
    if (values.energyJ !== undefined) {
      this.hasEnergy = true;
      if (values.energyJ < (this.energy.at(-1)?.value ?? 0)) this.falls++;
      this.energy.push({ timeS, value: values.energyJ });
    }
    if (values.powerW !== undefined) this.power.push({ timeS, value: values.powerW });
    if (values.powerInstantW !== undefined) this.instant.push({ timeS, value: values.powerInstantW });
    if (values.utilization !== undefined) this.utilization.push(values.utilization);
    if (values.throttle !== undefined) this.throttle.add(values.throttle);
  }

  summary(): Observation {
    const countedJ = spanOf(this.energy);
    const integrated = integral(this.instant.length > 0 ? this.instant : this.power);
    return {
      ...known(
        "meanPowerW",
        countedJ ? countedJ.change / countedJ.seconds : integrated && integrated.change / integrated.seconds,
      ),
      ...known("counterPeriodS", period(this.energy)),
      ...known("powerPeriodS", period(this.power)),
      ...known("instantPeriodS", period(this.instant)),
      ...known("integratedOverCounter", countedJ && integrated && integrated.change / countedJ.change),
      ...known("utilization", this.utilization.length > 0 ? mean(this.utilization) : undefined),
      throttle: [...this.throttle],
    };
  }
}

type Points = readonly { readonly timeS: number; readonly value: number }[];

function spanOf(points: Points): { readonly change: number; readonly seconds: number } | undefined {
  const [first, last] = [points[0], points.at(-1)];
  return first && last && last.timeS > first.timeS
    ? { change: last.value - first.value, seconds: last.timeS - first.timeS }
    : undefined;
}

function integral(points: Points): { readonly change: number; readonly seconds: number } | undefined {
  const span = spanOf(points);
  if (span === undefined) return undefined;
  const change = points
    .slice(1)
    .reduce(
      (sum, { timeS, value }, index) => sum + ((value + points[index]!.value) / 2) * (timeS - points[index]!.timeS),
      0,
    );
  return { change, seconds: span.seconds };
}

/** Median time between two changes; undefined where there were fewer than four. */
function period(points: Points): number | undefined {
  const changes = points.filter(({ value }, index) => index === 0 || value !== points[index - 1]!.value);
  const lengths = changes.slice(2).map(({ timeS }, index) => timeS - changes[index + 1]!.timeS);
  return lengths.length < 4 ? undefined : lengths.sort((a, b) => a - b)[lengths.length >> 1]!;
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

function known<K extends string>(key: K, value: number | undefined): { [key in K]?: number } {
  return value === undefined || !Number.isFinite(value) ? {} : ({ [key]: value } as { [key in K]: number });
}
