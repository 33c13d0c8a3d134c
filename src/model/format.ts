/**
 * Numbers as people read them, the same in the terminal, the editor and the panels: three significant digits, the SI
 * prefix that keeps the number between 1 and 1,000, `±` one standard error in the same unit, `≤` for a bound and `–` for
 * what is not known. Nothing here depends on a locale: a report reads the same on every machine.
 */
import { type Source, sourceMarks, sources } from "./device";

/** What stands where a number is not known. */
export const unknownText = "–";
/** What is said where the error is larger than the value. */
export const tooShort = "too short to say";

const prefixes = ["p", "n", "µ", "m", "", "k", "M", "G", "T", "P", "E"] as const;
const noPrefix = prefixes.indexOf("");

/** A number, its unit with prefix, and its error, apart, so that a screen can give each its own size. */
export interface QuantityParts {
  /** `260`, `1.24`, `–` */
  readonly number: string;
  /** `J`, `kJ`; empty where the number is not known. */
  readonly unit: string;
  /** One standard error in `unit`, with the decimals of `number`; absent where it rounds to nothing. */
  readonly error?: string;
  /** The standard error as a share of the value, `±1 %`; absent below 0.1 % and where `doubtful`. */
  readonly relativeError?: string;
  /** The error is at least as large as the value, which therefore says nothing. */
  readonly doubtful: boolean;
}

/**
 * @param value in `unit`, or undefined (or not finite) where it is not known
 * @param unit SI, without prefix: `J`, `W`, `s`, `FLOP/s`, `B`
 * @param standardError in `unit`
 */
export function quantityParts(value: number | undefined, unit: string, standardError?: number): QuantityParts {
  if (value === undefined || !Number.isFinite(value)) return { number: unknownText, unit: "", doubtful: false };
  const { step, decimals } = scaleOf(value);
  const prefixed = prefixes[step + noPrefix] + unit;
  const number = minus((value / 1000 ** step).toFixed(decimals));
  if (standardError === undefined || !Number.isFinite(standardError) || standardError <= 0) {
    return { number, unit: prefixed, doubtful: false };
  }
  const error = (standardError / 1000 ** step).toFixed(decimals);
  const doubtful = standardError >= Math.abs(value);
  const relativeError = doubtful ? undefined : formatRelativeError(standardError / Math.abs(value));
  return {
    number,
    unit: prefixed,
    ...(Number(error) > 0 ? { error } : {}),
    ...(relativeError === undefined ? {} : { relativeError }),
    doubtful,
  };
}

/** `260 ± 4 J`, `1.24 kJ` (error too small to show), `too short to say` (error larger than the value), `–` (unknown). */
export function formatQuantity(value: number | undefined, unit: string, standardError?: number): string {
  const parts = quantityParts(value, unit, standardError);
  if (parts.doubtful) return tooShort;
  if (parts.unit === "") return parts.number;
  return parts.error === undefined ? `${parts.number} ${parts.unit}` : `${parts.number} ± ${parts.error} ${parts.unit}`;
}

/** `4.1–4.5 ms`: both ends in one unit where that is so. */
export function formatRange(range: readonly [low: number, high: number] | undefined, unit: string): string {
  if (range === undefined) return unknownText;
  const [low, high] = range.map((value) => formatQuantity(value, unit)) as [string, string];
  const [number, ownUnit] = low.split(" ");
  return high.endsWith(` ${ownUnit}`) ? `${number}–${high}` : `${low} – ${high}`;
}

export function formatEnergy(energyJ: number | undefined, standardErrorJ?: number): string {
  return formatQuantity(energyJ, "J", standardErrorJ);
}

export function formatPower(powerW: number | undefined, standardErrorW?: number): string {
  return formatQuantity(powerW, "W", standardErrorW);
}

/** SI: 1 GB is 10^9 bytes. Whole below 1 kB. */
export function formatBytes(bytes: number | undefined): string {
  if (bytes !== undefined && Number.isFinite(bytes) && Math.abs(bytes) < 999.5) return `${Math.round(bytes)} B`;
  return formatQuantity(bytes, "B");
}

/** `≤ 410 mJ`: an upper bound, two significant digits, rounded up so that it stays one. */
export function formatBound(value: number | undefined, unit: string): string {
  if (value === undefined || !Number.isFinite(value)) return unknownText;
  if (value <= 0) return `≤ 0 ${unit}`;
  const places = 10 ** (Math.floor(Math.log10(value)) - 1);
  // The smaller epsilon keeps 0.4 from becoming 0.41 because 0.4 / 0.01 is 40.000000000000006.
  const up = Math.ceil(value / places - 1e-9) * places;
  const { step } = scaleOf(up);
  return `≤ ${Number((up / 1000 ** step).toPrecision(2))} ${prefixes[step + noPrefix]}${unit}`;
}

/**
 * A length of time in words: `412 ms`, `31.2 s`, `12 min 4 s`, `3 h 12 min`, `2 d 3 h`.
 *
 * From 100 s on, minutes: nobody reads 724 s.
 */
export function formatDuration(durationS: number | undefined): string {
  if (durationS === undefined || !Number.isFinite(durationS)) return unknownText;
  if (durationS < 0) return `−${formatDuration(-durationS)}`;
  if (durationS < 99.95) return formatQuantity(durationS, "s");
  const whole = Math.round(durationS);
  if (whole < 3600) return two(Math.floor(whole / 60), "min", whole % 60, "s");
  const minutes = Math.round(durationS / 60);
  if (minutes < 24 * 60) return two(Math.floor(minutes / 60), "h", minutes % 60, "min");
  const hours = Math.round(durationS / 3600);
  return two(Math.floor(hours / 24), "d", hours % 24, "h");
}

/** A running clock whose width does not jump: `0:31`, `12:04`, `3:12:04`. */
export function formatClock(durationS: number): string {
  const whole = Math.max(0, Math.floor(durationS));
  const [hours, minutes, seconds] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const padded = (value: number) => String(value).padStart(2, "0");
  return hours > 0 ? `${hours}:${padded(minutes)}:${padded(seconds)}` : `${minutes}:${padded(seconds)}`;
}

/**
 * A share of a whole in percent, two significant digits: `21 %`, `2.1 %`, `0.2 %`, `< 0.1 %`, `100 %`.
 *
 * @param standardError as a share too; shown as `21 ± 1 %`
 */
export function formatShare(share: number | undefined, standardError?: number): string {
  if (share === undefined || !Number.isFinite(share)) return unknownText;
  const percent = share * 100;
  if (percent !== 0 && Math.abs(percent) < 0.05) return percent > 0 ? "< 0.1 %" : "> −0.1 %";
  const decimals = percent === 0 || Math.abs(percent) >= 9.95 ? 0 : 1;
  const number = minus(percent.toFixed(decimals));
  if (standardError === undefined || !Number.isFinite(standardError)) return `${number} %`;
  if (standardError >= Math.abs(share)) return tooShort;
  const error = (standardError * 100).toFixed(decimals);
  return Number(error) > 0 ? `${number} ± ${error} %` : `${number} %`;
}

/** `±1 %`, `±0.4 %`; absent below 0.1 %. @param relative the standard error divided by the value */
export function formatRelativeError(relative: number | undefined): string | undefined {
  if (relative === undefined || !Number.isFinite(relative) || relative < 0.0005) return undefined;
  const percent = relative * 100;
  return `±${percent < 0.95 ? percent.toFixed(1) : percent.toFixed(0)} %`;
}

/** Both in one unit where that can be read: `260 of 1,243 J`, else `1.20 J of 5.00 MJ`. */
export function formatPartOfWhole(part: number | undefined, whole: number | undefined, unit: string): string {
  if (part === undefined || whole === undefined || !Number.isFinite(part) || !Number.isFinite(whole)) {
    return unknownText;
  }
  const { step, decimals } = scaleOf(part);
  const inUnit = whole / 1000 ** step;
  if (part === 0 || inUnit >= 9_999.5) return `${formatQuantity(part, unit)} of ${formatQuantity(whole, unit)}`;
  const digits = Math.min(decimals, scaleOf(Math.max(inUnit, 1)).decimals);
  const wholeText = inUnit >= 999.5 ? formatCount(inUnit) : inUnit.toFixed(digits);
  return `${(part / 1000 ** step).toFixed(decimals)} of ${wholeText} ${prefixes[step + noPrefix]}${unit}`;
}

/** `12,345`: whole, with commas. */
export function formatCount(count: number | undefined): string {
  if (count === undefined || !Number.isFinite(count)) return unknownText;
  return minus(String(Math.round(count))).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}

/** `1 iteration`, `171 iterations`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/**
 * A moment in the reader's time zone: `today 12:04`, `yesterday 09:12`, `3 Nov 12:04`, `3 Nov 2025 12:04`.
 *
 * @param iso ISO 8601 with offset; what cannot be read is `–`
 */
export function formatMoment(iso: string, now: Date): string {
  const moment = new Date(iso);
  if (Number.isNaN(moment.getTime())) return unknownText;
  const clock = `${String(moment.getHours()).padStart(2, "0")}:${String(moment.getMinutes()).padStart(2, "0")}`;
  const midnight = (date: Date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
  // Rounded, because a day on which the clocks change has 23 or 25 hours.
  const daysAgo = Math.round((midnight(now) - midnight(moment)) / 86_400_000);
  if (daysAgo === 0) return `today ${clock}`;
  if (daysAgo === 1) return `yesterday ${clock}`;
  const day = `${moment.getDate()} ${months[moment.getMonth()]}`;
  return moment.getFullYear() === now.getFullYear() ? `${day} ${clock}` : `${day} ${moment.getFullYear()} ${clock}`;
}

/** The least certain of the sources that went into a number, which is then the number's own; undefined for none. */
export function weakestSource(all: readonly Source[]): Source | undefined {
  return [...all].sort((a, b) => sources.indexOf(b) - sources.indexOf(a))[0];
}

/** `1.24 ± 0.01 kJ ●`: a number with the mark of its source. An unknown number has no mark. */
export function formatSourced(text: string, source: Source | undefined): string {
  return source === undefined || text === unknownText ? text : `${text} ${sourceMarks[source]}`;
}

/**
 * The power of 1,000 that brings a value into 1..1,000 after rounding to three digits, and the decimals that it then
 * has. Taken from the rounded decimal text, so that 999.7 becomes 1.00 k and not 1000.
 */
function scaleOf(value: number): { step: number; decimals: number } {
  if (value === 0) return { step: 0, decimals: 0 };
  const exponent = Number(Math.abs(value).toExponential(2).split("e")[1]);
  const step = Math.min(prefixes.length - 1 - noPrefix, Math.max(-noPrefix, Math.floor(exponent / 3)));
  return { step, decimals: Math.min(Math.max(0, 2 - (exponent - 3 * step)), 12) };
}

/** A minus sign as wide as a plus; and no "-0". */
function minus(text: string): string {
  return /^-0(\.0*)?$/.test(text) ? text.slice(1) : text.replace("-", "−");
}

function two(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}
