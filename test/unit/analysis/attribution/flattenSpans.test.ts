import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { flattenSpans, type Spans } from "../../../../src/analysis/attribution/flattenSpans";

const spansOf = (rows: readonly (readonly [number, number, number])[]): Spans => ({
  startS: Float64Array.from(rows, ([startS]) => startS),
  durationS: Float64Array.from(rows, ([, durationS]) => durationS),
  phase: Int32Array.from(rows, ([, , phase]) => phase),
});

function listed(spans: Spans): [number, number, number][] {
  const { startS, endS, phase } = flattenSpans(spans);
  return [...startS].map((start, k) => [start, endS[k]!, phase[k]!]);
}

describe("flattenSpans", () => {
  it("cuts an inner span out of its outer one", () => {
    expect(
      listed(
        spansOf([
          [0, 10, 0],
          [2, 3, 1],
        ]),
      ),
    ).toEqual([
      [0, 2, 0],
      [2, 5, 1],
      [5, 10, 0],
    ]);
  });

  it("gives an overlap to the span that began last", () => {
    expect(
      listed(
        spansOf([
          [0, 5, 0],
          [4, 4, 1],
        ]),
      ),
    ).toEqual([
      [0, 4, 0],
      [4, 8, 1],
    ]);
  });

  it("leaves out spans without a length, and takes them in any order", () => {
    const rows = [
      [6, 1, 2],
      [3, 0, 1],
      [0, 2, 0],
      [4, Number.NaN, 1],
    ] as const;
    expect(listed(spansOf(rows))).toEqual([
      [0, 2, 0],
      [6, 7, 2],
    ]);
  });

  it("answers each moment with the last of the spans that are open, in disjoint segments", () => {
    const span = fc.tuple(
      fc.integer({ min: 0, max: 40 }),
      fc.integer({ min: 0, max: 15 }),
      fc.integer({ min: 0, max: 3 }),
    );
    fc.assert(
      fc.property(fc.array(span, { maxLength: 20 }), (rows) => {
        const flat = listed(spansOf(rows));
        for (let k = 1; k < flat.length; k++) expect(flat[k]![0]).toBeGreaterThanOrEqual(flat[k - 1]![1]);
        for (let moment = 0.5; moment < 60; moment++) {
          const open = rows
            .filter(([start, length]) => start <= moment && moment < start + length)
            .sort((a, b) => a[0] - b[0] || b[1] - a[1]);
          const found = flat.find(([start, end]) => start <= moment && moment < end);
          const last = open.at(-1);
          if (last === undefined) expect(found).toBeUndefined();
          // Of spans with the same start and length either may be called the inner one.
          else expect(open.filter(([s, l]) => s === last[0] && l === last[1]).map(([, , p]) => p)).toContain(found![2]);
        }
      }),
    );
  });
});
