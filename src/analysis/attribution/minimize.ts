/** Minima of functions without derivatives. Deterministic: the same function gives the same answer. */

const golden = (Math.sqrt(5) - 1) / 2;

/** The least value on a grid, then golden sections about it. @returns where it is */
export function minimizeOnLine(
  f: (x: number) => number,
  from: number,
  to: number,
  step: number,
  tolerance: number,
): { readonly at: number; readonly value: number } {
  const count = Math.max(2, Math.ceil((to - from) / step));
  let best = from;
  let least = Number.POSITIVE_INFINITY;
  for (let k = 0; k <= count; k++) {
    const x = from + ((to - from) * k) / count;
    const value = f(x);
    if (value < least) [best, least] = [x, value];
  }
  const width = (to - from) / count;
  let low = Math.max(from, best - width);
  let high = Math.min(to, best + width);
  let [left, right] = [high - golden * (high - low), low + golden * (high - low)];
  let [atLeft, atRight] = [f(left), f(right)];
  while (high - low > tolerance) {
    if (atLeft <= atRight) {
      [high, right, atRight] = [right, left, atLeft];
      left = high - golden * (high - low);
      atLeft = f(left);
    } else {
      [low, left, atLeft] = [left, right, atRight];
      right = low + golden * (high - low);
      atRight = f(right);
    }
  }
  const [at, value] = atLeft <= atRight ? [left, atLeft] : [right, atRight];
  return value <= least ? { at, value } : { at: best, value: least };
}

/** Nelder & Mead's simplex (1965, Computer Journal 7, 308). @returns the best point found in `evaluations` */
export function minimize(
  f: (x: Float64Array) => number,
  start: Float64Array,
  step: number,
  evaluations: number,
): { readonly at: Float64Array; readonly value: number } {
  const size = start.length;
  const simplex = Array.from({ length: size + 1 }, (_, k) => {
    const at = Float64Array.from(start);
    if (k > 0) at[k - 1]! += step;
    return { at, value: f(at) };
  });
  let used = size + 1;
  const between = (from: Float64Array, to: Float64Array, share: number) => {
    const at = from.map((x, k) => x + share * (to[k]! - x));
    used++;
    return { at, value: f(at) };
  };
  while (used < evaluations) {
    simplex.sort((a, b) => a.value - b.value);
    const [best, worst, second] = [simplex[0]!, simplex[size]!, simplex[size - 1]!];
    if (worst.value - best.value < 1e-4) break;
    const centre = new Float64Array(size);
    for (const { at } of simplex.slice(0, size)) for (let k = 0; k < size; k++) centre[k]! += at[k]! / size;
    const reflected = between(worst.at, centre, 2);
    if (reflected.value < best.value) {
      const expanded = between(worst.at, centre, 3);
      simplex[size] = expanded.value < reflected.value ? expanded : reflected;
    } else if (reflected.value < second.value) simplex[size] = reflected;
    else {
      const contracted =
        reflected.value < worst.value ? between(worst.at, centre, 1.5) : between(worst.at, centre, 0.5);
      if (contracted.value < Math.min(worst.value, reflected.value)) simplex[size] = contracted;
      else for (let k = 1; k <= size; k++) simplex[k] = between(simplex[k]!.at, best.at, 0.5);
    }
  }
  simplex.sort((a, b) => a.value - b.value);
  return simplex[0]!;
}
