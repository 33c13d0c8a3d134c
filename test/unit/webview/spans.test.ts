import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SpanStore, type Spans, sharesPerColumn } from "../../../webview/shared/chart/spanStore";
import { blendOf } from "../../../webview/shared/chart/strip";

function chunk(
  rows: readonly (readonly [phase: number, startS: number, durationS: number, line?: number])[],
  more: Partial<Spans> = {},
): Spans {
  return {
    rank: 0,
    phaseNames: ["data", "forward", "backward"],
    path: "train.py",
    phase: Uint8Array.from(rows, ([phase]) => phase),
    startS: Float64Array.from(rows, ([, startS]) => startS),
    durationS: Float64Array.from(rows, ([, , durationS]) => durationS),
    line: Int32Array.from(rows, ([, , , line]) => line ?? 0),
    ...more,
  };
}

function storeOf(...chunks: Spans[]): SpanStore {
  const store = new SpanStore();
  for (const spans of chunks) store.append(spans);
  return store;
}

/** Properly nested spans, as call stacks make them, in order of their ends. */
function nested(seed: number, count: number): [number, number, number][] {
  let state = seed;
  const random = () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
  const rows: [number, number, number][] = [];
  let timeS = 0;
  const call = (depth: number) => {
    const startS = timeS;
    timeS += random();
    for (let i = 0; depth < 4 && i < 3 && random() < 0.5; i++) call(depth + 1);
    timeS += random();
    rows.push([Math.floor(random() * 3), startS, timeS - startS]);
    timeS += random() * 0.2;
  };
  while (rows.length < count) call(0);
  return rows;
}

describe("spans of a rank", () => {
  it("are flat where they nest: at every moment the innermost", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2_147_483_646 }), (seed) => {
        const rows = nested(seed, 40);
        const flat = storeOf(chunk(rows)).flat(0);
        for (let i = 1; i < flat.startS.length; i++)
          expect(flat.startS[i]).toBeGreaterThanOrEqual(flat.endS[i - 1]! - 1e-9);
        const endS = Math.max(...rows.map(([, startS, durationS]) => startS + durationS));
        for (let k = 0; k < 60; k++) {
          const at = (endS * (k + 0.5)) / 60;
          const open = rows.filter(([, startS, durationS]) => startS <= at && at < startS + durationS);
          const innermost = open.reduce<(typeof open)[0] | undefined>(
            (best, row) => (best === undefined || row[1] > best[1] ? row : best),
            undefined,
          );
          const found = storeOf(chunk(rows)).at(0, at);
          expect(found?.phase).toBe(
            innermost === undefined ? undefined : ["data", "forward", "backward"][innermost[0]],
          );
        }
      }),
      { numRuns: 20 },
    );
  });

  it("are left out where they make no sense", () => {
    const store = storeOf(
      chunk([
        [0, 0, 1],
        [7, 1, 1],
        [1, Number.NaN, 1],
        [1, 2, -1],
        [1, 3, Number.POSITIVE_INFINITY],
        [2, 4, 1],
      ]),
    );
    expect([...store.flat(0).startS]).toEqual([0, 4]);
  });

  it("keep phases and files apart when chunks name them in another order", () => {
    const store = storeOf(
      chunk([[0, 0, 1, 5]]),
      chunk([[0, 1, 1, 9]], { phaseNames: ["backward"], path: "model.py" }),
      chunk([[1, 0, 3]], { rank: 3 }),
    );
    expect(store.at(0, 1.5)).toMatchObject({ phase: "backward", path: "model.py", line: 9 });
    expect(store.ranks).toEqual([0, 3]);
    expect(store.at(3, 2.9)?.phase).toBe("forward");
  });

  it("name for each phase the line with most of its time", () => {
    const store = storeOf(
      chunk([
        [0, 0, 1, 5],
        [0, 1, 3, 6],
        [0, 4, 1, 5],
        [1, 5, 9, 0],
      ]),
    );
    expect(store.linesByPhase()).toEqual(new Map([["data", { path: "train.py", line: 6 }]]));
  });

  it("fill pixel columns with their shares, which add up to the time covered", () => {
    const rows = nested(7, 200);
    const flat = storeOf(chunk(rows)).flat(0);
    const endS = flat.endS.at(-1)!;
    const shares = sharesPerColumn(flat, 3, 0, endS, 97);
    const covered = flat.endS.reduce((sum, end, i) => sum + end - flat.startS[i]!, 0);
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo((covered / endS) * 97, 2);
    for (const share of shares) expect(share).toBeLessThanOrEqual(1 + 1e-5);
  });
});

describe("shares averaged for drawing", () => {
  it("leave how busy each column was as it is", () => {
    const rows = Array.from({ length: 400 }, (_, i): [number, number, number] => [i % 3, 1 + i * 0.01, 0.01]);
    const flat = storeOf(chunk(rows)).flat(0);
    const shares = sharesPerColumn(flat, 3, 0, 6, 300);
    const drawn = blendOf(shares, 3, 400)(undefined);
    const busy = (of: Float32Array, column: number) => of[column * 3]! + of[column * 3 + 1]! + of[column * 3 + 2]!;
    for (let column = 0; column < 300; column++) expect(busy(drawn, column)).toBeCloseTo(busy(shares, column), 4);
    expect(Math.abs(drawn[150 * 3]! - 1 / 3)).toBeLessThan(0.04);
  });
});
