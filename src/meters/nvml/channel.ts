/** What one GPU says at each poll: the counter each time, the rest as often as it is new. */
import type { Device } from "../../model/device";
import type { ProcessUse, Reading } from "../meter";
import { WrappingCounter } from "../wrappingCounter";
import { nvmlWords } from "./codes";
import type { Gpu } from "./gpu";

/** The driver itself samples utilization every sixth of a second at best, and each question costs about 50 µs. */
const stateEveryS = 0.2;
/** Powers are new every 20 ms at best; beside a counter they are only a second opinion. */
const powerEveryS = 0.02;

/** More than any GPU: a counter that fell was set back, whatever the time. */
const highestPowerW = 10_000;

export class Channel {
  private readonly counter = new WrappingCounter(Number.NaN, 1e-3, highestPowerW);
  private readonly hasCounter: boolean;
  private powerS = Number.NEGATIVE_INFINITY;
  private stateS = Number.NEGATIVE_INFINITY;
  private powerW = Number.NaN;
  private powerInstantW = Number.NaN;
  private state: Reading = {};
  /** The counter where `energyJ` is 0, joules; undefined without a counter, or where its first reading failed. */
  readonly counterAtOpenJ: number | undefined;

  constructor(
    device: Device,
    private readonly gpu: Gpu,
    nowS: number,
  ) {
    this.hasCounter = device.source === "measured";
    const energyMj = this.hasCounter ? gpu.energyMj() : Number.NaN;
    if (Number.isNaN(energyMj)) return;
    this.counter.advance(energyMj, nowS);
    this.counterAtOpenJ = energyMj * 1e-3;
  }

  /** Counter first: its time is the poll's. Powers and state are at most as old as their interval above. */
  read(nowS: number): Reading {
    let energyJ: number | undefined;
    if (this.hasCounter) {
      const energyMj = this.gpu.energyMj();
      if (Number.isNaN(energyMj)) return { failure: `${sentence(nvmlWords(this.gpu.code))}.` };
      energyJ = this.counter.advance(energyMj, nowS);
      if (Number.isNaN(energyJ)) return { failure: `${sentence(this.counter.failure)}.` };
    }
    if (!this.hasCounter || nowS - this.powerS >= powerEveryS) this.readPower(nowS);
    if (!this.hasCounter && Number.isNaN(this.powerW) && Number.isNaN(this.powerInstantW)) {
      return { failure: `${sentence(nvmlWords(this.gpu.code))}.` };
    }
    if (nowS - this.stateS >= stateEveryS) this.readState(nowS);
    const { state } = this;
    return {
      energyJ,
      powerW: orAbsent(this.powerW),
      powerInstantW: orAbsent(this.powerInstantW),
      utilization: state.utilization,
      memoryBytes: state.memoryBytes,
      smClockMhz: state.smClockMhz,
      memoryClockMhz: state.memoryClockMhz,
      temperatureC: state.temperatureC,
      throttle: state.throttle,
    };
  }

  processes(device: number): readonly ProcessUse[] {
    const memory = this.gpu.processMemory();
    const utilization = this.gpu.processUtilization();
    return [...new Set([...memory.keys(), ...utilization.keys()])].map((pid) => ({
      device,
      pid,
      ...known("memoryBytes", memory.get(pid)),
      ...known("utilization", utilization.get(pid)),
    }));
  }

  private readPower(nowS: number): void {
    this.powerS = nowS;
    const { power } = this.gpu;
    if (power.scope !== undefined) this.gpu.code = power.read();
    this.powerInstantW = power.scope === undefined ? Number.NaN : power.instant;
    const average = power.scope === undefined ? Number.NaN : power.average;
    this.powerW = Number.isNaN(average) ? this.gpu.powerUsageW() : average;
  }

  private readState(nowS: number): void {
    this.stateS = nowS;
    const { gpu } = this;
    this.state = {
      utilization: orAbsent(gpu.utilization()),
      memoryBytes: orAbsent(gpu.memoryBytes()),
      smClockMhz: orAbsent(gpu.smClockMhz()),
      memoryClockMhz: orAbsent(gpu.memoryClockMhz()),
      temperatureC: orAbsent(gpu.temperatureC()),
      throttle: orAbsent(gpu.throttle()),
    };
  }
}

const orAbsent = (value: number) => (Number.isNaN(value) ? undefined : value);

function known<K extends string>(key: K, value: number | undefined): { [key in K]?: number } {
  return value === undefined || Number.isNaN(value) ? {} : ({ [key]: value } as { [key in K]: number });
}

function sentence(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}
