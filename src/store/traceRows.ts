/** Checks of what stands in a trace's rows: they come from a file that anybody may have written. */

export const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);

/** Seconds, and other amounts that are never negative. */
export const isAmount = (value: unknown): value is number => isNumber(value) && value >= 0;

export const isText = (value: unknown): value is string => typeof value === "string" && value.length <= 4096;

/** An integer of at least `least` that fits into a column of 32 bits. */
export function isIndex(value: unknown, least: number): value is number {
  return Number.isInteger(value) && Number(value) >= least && Number(value) < 2 ** 31;
}

/** An integer of at least 0 that a double holds exactly: bytes, elements, FLOPs. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
