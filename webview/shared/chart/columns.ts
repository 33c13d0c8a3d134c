/** First index whose value is greater than `x`, in a column in rising order. */
export function upperBound(column: Float64Array, x: number): number {
  let [low, high] = [0, column.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (column[middle]! > x) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** First index whose value is not less than `x`. */
export function lowerBound(column: Float64Array, x: number): number {
  let [low, high] = [0, column.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (column[middle]! < x) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
