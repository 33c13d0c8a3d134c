import { formatClock } from "../../../src/model/format";

/** Round numbers along an axis. */
export interface Ticks {
  readonly step: number;
  readonly values: readonly number[];
}

/** At most `most` multiples of 1, 2 or 5 times a power of ten within `from`..`to`, both included. */
export function niceTicks(from: number, to: number, most: number): Ticks {
  const span = to - from;
  if (!(span > 0) || !Number.isFinite(span) || most < 1) return { step: 1, values: [] };
  const rough = span / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough * (1 - 1e-9))!;
  const values: number[] = [];
  // Counted in whole steps: adding up 0.1 drifts off the axis.
  for (let k = Math.ceil(from / step - 1e-9); k <= Math.floor(to / step + 1e-9); k++)
    values.push(k === 0 ? 0 : k * step);
  return { step, values };
}

/** The SI prefix that a whole axis is labelled in, chosen by its largest value. */
export interface AxisUnit {
  /** `kW` */
  readonly unit: string;
  /** Axis numbers are values divided by this. */
  readonly factor: number;
}

export function axisUnit(largest: number, unit: string): AxisUnit {
  const prefixes: readonly [string, number][] = [
    ["G", 1e9],
    ["M", 1e6],
    ["k", 1e3],
    ["", 1],
    ["m", 1e-3],
    ["µ", 1e-6],
    ["n", 1e-9],
  ];
  const [prefix, factor] = prefixes.find(([, size]) => largest >= size) ?? ["", 1];
  return { unit: prefix + unit, factor };
}

/** A tick's number, with as many decimals as the step between ticks needs. */
export function tickText(value: number, step: number, factor = 1): string {
  const decimals = Math.min(9, Math.max(0, -Math.floor(Math.log10(step / factor) + 1e-9)));
  const text = (value / factor).toFixed(decimals);
  return /^-0(\.0*)?$/.test(text) ? text.slice(1) : text.replace("-", "−");
}

/** Ticks of a time axis: round seconds, and above two minutes round minutes and hours. */
export function timeTicks(fromS: number, toS: number, most: number): Ticks {
  const span = toS - fromS;
  if (span <= 120) return niceTicks(fromS, toS, most);
  const steps = [30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400];
  const step = steps.find((candidate) => span / candidate <= most) ?? 86_400 * Math.ceil(span / most / 86_400);
  const values: number[] = [];
  for (let k = Math.ceil(fromS / step); k * step <= toS; k++) values.push(k * step);
  return { step, values };
}

/** `1.25 s`, from two minutes on a clock: `12:00`. */
export function timeTickText(valueS: number, step: number): string {
  return step >= 30 ? formatClock(valueS) : `${tickText(valueS, step)} s`;
}

/** An axis from zero that ends at a tick: at most `most` steps, the last of them not below `largest`. */
export function axisFromZero(largest: number, most: number): Ticks & { readonly top: number } {
  if (!(largest > 0) || !Number.isFinite(largest)) return { step: 1, values: [0, 1], top: 1 };
  const { step } = niceTicks(0, largest, most);
  const count = Math.ceil(largest / step - 1e-9);
  return { step, values: Array.from({ length: count + 1 }, (_, i) => i * step), top: count * step };
}
