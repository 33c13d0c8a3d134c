/**
 * Kendall's rank correlation with ties, tau-b = (C - D) / sqrt((n0 - n1) (n0 - n2)): C and D pairs in the same and in
 * opposite order, n0 all pairs, n1 and n2 those that tie in one order (Kendall 1945, The treatment of ties in ranking
 * problems, Biometrika 33).
 */

/**
 * @param first the sign of item i compared with item j by the first order: 1 better, -1 worse, 0 a tie
 * @returns -1 to 1; undefined for fewer than two items, or where an order is all ties
 */
export function kendallTau(
  count: number,
  first: (i: number, j: number) => number,
  second: (i: number, j: number) => number,
): number | undefined {
  let [agree, all, firstUntied, secondUntied] = [0, 0, 0, 0];
  for (let i = 0; i < count; i++) {
    for (let j = i + 1; j < count; j++) {
      const [a, b] = [Math.sign(first(i, j)), Math.sign(second(i, j))];
      all++;
      agree += a * b;
      firstUntied += Math.abs(a);
      secondUntied += Math.abs(b);
    }
  }
  return all === 0 || firstUntied === 0 || secondUntied === 0
    ? undefined
    : agree / Math.sqrt(firstUntied * secondUntied);
}
