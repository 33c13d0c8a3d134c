import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Rank } from "../../../../src/analysis/ranks";
import type { LoopTimes } from "../../../../src/analysis/waste/segments";
import { pacesOf } from "../../../../src/analysis/waste/stragglers";
import { matchedWaits } from "../../../../src/analysis/waste/waits";
import type { Trace, TracedCollective } from "../../../../src/model/trace";

const iterationS = 1;

/** Iterations of a second; each rank's collectives of iteration k: [operation, wait]. */
function ranksOf(waitsS: readonly (readonly number[])[], operation = "all_reduce") {
  const count = waitsS[0]!.length;
  const ranks: Rank[] = waitsS.map((waits, rank) => {
    const collectives = waits.map(
      (durationS, k): TracedCollective => ({
        operation,
        iteration: k,
        startS: k * iterationS + 0.05,
        durationS,
        group: "0/ddp",
        sequence: k,
      }),
    );
    return { rank, traces: [{ header: { rank }, collectives } as unknown as Trace] };
  });
  const times: LoopTimes = {
    loop: { id: 0, path: "/train.py", line: 1, endLine: 2, kind: "training" },
    iteration: Int32Array.from({ length: count }, (_, k) => k),
    startS: Float64Array.from({ length: count }, (_, k) => k * iterationS),
    endS: Float64Array.from({ length: count }, (_, k) => (k + 1) * iterationS),
    together: [],
    count,
  };
  return { ranks, times: ranks.map(() => times) };
}

describe("waits of ranks for each other", () => {
  it("split into the collective's own cost, the shortest wait, and what is beyond it", () => {
    const waits = fc.array(fc.array(fc.double({ min: 0, max: 0.9, noNaN: true }), { minLength: 5, maxLength: 5 }), {
      minLength: 2,
      maxLength: 6,
    });
    fc.assert(
      fc.property(waits, (waitsS) => {
        const { ranks, times } = ranksOf(waitsS);
        const found = matchedWaits(ranks, times);
        expect(found).toHaveLength(5 * ranks.length);
        for (const { place, last, iteration, ownS, excessS } of found) {
          const shortest = Math.min(...waitsS.map((waits) => waits[iteration]!));
          expect(ownS).toBe(shortest);
          expect(waitsS[last]![iteration]).toBe(shortest);
          expect(ownS + excessS).toBeCloseTo(waitsS[place]![iteration]!, 12);
        }
      }),
      { numRuns: 30 },
    );
  });

  it("are not looked for in a broadcast: its sender waits for nobody", () => {
    const { ranks, times } = ranksOf([[0.5], [0.01]], "broadcast");
    expect(matchedWaits(ranks, times)).toEqual([]);
  });

  it("are not made up where only one rank was traced", () => {
    const { ranks, times } = ranksOf([[0.5, 0.4]]);
    expect(matchedWaits(ranks, times)).toEqual([]);
  });
});

describe("pace", () => {
  const steady = (value: number, count = 40) => new Array<number>(count).fill(value);

  it("calls a rank chronic that all others wait for all the time", () => {
    const { ranks, times } = ranksOf([steady(0.3), steady(0.01), steady(0.31)]);
    const paces = pacesOf(times, matchedWaits(ranks, times));
    expect(paces.map(({ chronic }) => chronic)).toEqual([false, true, false]);
    expect(paces[1]!.slowdown).toBeCloseTo(1 / 0.705, 2);
    expect(paces[1]).toMatchObject({ last: 40, iterations: 40 });
  });

  it("tells a single stall from it", () => {
    const stalled = steady(0.01);
    const waiting = steady(0.01);
    for (const k of [17, 18]) waiting[k] = 0.8;
    const { ranks, times } = ranksOf([waiting, stalled, waiting]);
    const [, pace] = pacesOf(times, matchedWaits(ranks, times));
    expect(pace).toMatchObject({ chronic: false, last: 2 });
    expect(pace!.slowdown).toBeCloseTo(1, 6);
  });

  it("calls nobody slow where the ranks take turns", () => {
    const turns = [0, 1].map((rank) => steady(0).map((_, k) => (k % 2 === rank ? 0.3 : 0.01)));
    const { ranks, times } = ranksOf(turns);
    expect(pacesOf(times, matchedWaits(ranks, times)).map(({ chronic }) => chronic)).toEqual([false, false]);
  });

  it("does not call a rank chronic that was slow in a third of the run", () => {
    const waiting = steady(0.01, 60).map((value, k) => (k < 20 ? 0.4 : value));
    const { ranks, times } = ranksOf([waiting, steady(0.01, 60)]);
    expect(pacesOf(times, matchedWaits(ranks, times))[1]!.chronic).toBe(false);
  });
});
