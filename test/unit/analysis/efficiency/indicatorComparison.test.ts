import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compareRuns, type RunToCompare } from "../../../../src/analysis/efficiency/indicatorComparison";
import { kendallTau } from "../../../../src/analysis/efficiency/kendall";
import { compareTable } from "../../../../src/cli/compareTable";
import type { Report } from "../../../../src/model/report";

const tauOf = (a: readonly number[], b: readonly number[]) =>
  kendallTau(
    a.length,
    (i, j) => a[i]! - a[j]!,
    (i, j) => b[i]! - b[j]!,
  );

describe("Kendall's tau", () => {
  it("has the values that are known: without ties, with ties (scipy's example), of opposite orders", () => {
    expect(tauOf([1, 2, 3, 4, 5], [1, 3, 2, 5, 4])).toBeCloseTo(0.6, 12);
    expect(tauOf([12, 2, 1, 12, 2], [1, 4, 7, 1, 0])).toBeCloseTo(-0.4714045207910316, 12);
    expect(tauOf([1, 2, 3], [3, 2, 1])).toBe(-1);
    expect(tauOf([1, 1], [1, 2])).toBeUndefined();
    expect(tauOf([1], [1])).toBeUndefined();
  });

  it("lies between -1 and 1, is symmetric, and turns its sign with an order", () => {
    const pairs = fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 5 })), { minLength: 2 });
    fc.assert(
      fc.property(pairs, (points) => {
        const [a, b] = [points.map(([x]) => x), points.map(([, y]) => y)];
        const tau = tauOf(a, b);
        if (tau === undefined) return;
        expect(Math.abs(tau)).toBeLessThanOrEqual(1 + 1e-12);
        expect(tauOf(b, a)).toBeCloseTo(tau, 12);
        expect(
          tauOf(
            a.map((x) => -x),
            b,
          ),
        ).toBeCloseTo(-tau, 12);
      }),
    );
  });
});

interface Given {
  readonly parameters?: number;
  readonly samplesPerS?: number;
  readonly flopsPerIteration?: number;
  readonly peakMemoryBytes?: number;
  readonly energyJ?: number;
  readonly errorJ?: number;
  readonly iterationS?: number;
  readonly machine?: string;
}

function made(
  name: string,
  { energyJ, errorJ = 0, iterationS = 0.1, machine = "m", ...indicators }: Given,
): RunToCompare {
  const report = {
    run: { id: name, path: `/runs/${name}`, argv: [], startedAt: "", durationS: 10, state: "finished" },
    devices: [{ id: "d", counted: true, source: "measured" }],
    indicators,
    iterations: {
      count: 100,
      excluded: { warmUp: 0, outliers: 0 },
      durationPerIterationS: iterationS,
      ...(energyJ !== undefined && { energyPerIterationJ: energyJ, standardErrorJ: errorJ }),
    },
  } as unknown as Report;
  return { report, name, machine };
}

/** Fewer operations and parameters, and slower: the paradox of depthwise convolutions. */
const mobile = made("mobile", {
  parameters: 3e6,
  flopsPerIteration: 1e9,
  samplesPerS: 100,
  peakMemoryBytes: 2e9,
  energyJ: 9,
});
const residual = made("residual", {
  parameters: 25e6,
  flopsPerIteration: 4e9,
  samplesPerS: 160,
  peakMemoryBytes: 3e9,
  energyJ: 6,
});

describe("runs side by side", () => {
  it("are compared by what a sample takes, each indicator the better way round", () => {
    const { runs, indicators } = compareRuns([mobile, residual]);
    expect(indicators.map(({ name, better }) => `${name}: ${better}`)).toEqual([
      ...["parameters: less", "FLOPs a sample: less", "time an iteration: less", "samples a second: more"],
      ...["peak memory: less", "energy a sample: less"],
    ]);
    // 10 and 16 samples an iteration.
    expect(runs[0]!.values.flops!.value).toBeCloseTo(1e8, 3);
    expect(runs[0]!.values.energy!.value).toBeCloseTo(0.9, 9);
    expect(runs[1]!.values.energy!.value).toBeCloseTo(6 / 16, 9);
    expect(runs[1]!.values.energy!.source).toBe("measured");
  });

  it("are flagged where their indicators point in opposite directions, with the indicators of each", () => {
    const found = compareRuns([mobile, residual]);
    expect(found.contradictions).toEqual([
      { runs: [0, 1], firstBetter: ["parameters", "flops", "memory"], secondBetter: ["throughput", "energy"] },
    ]);
    const tau = (a: string, b: string) =>
      found.rankCorrelations.find(({ indicators }) => indicators[0] === a && indicators[1] === b)!.tau;
    expect(tau("parameters", "flops")).toBe(1);
    expect(tau("parameters", "energy")).toBe(-1);
    expect(tau("parameters", "latency")).toBeUndefined();
    expect(found.notes.map(({ code }) => code)).toEqual(["contradiction", "few-runs", "theoretical"]);
  });

  it("are not flagged for differences within their errors", () => {
    const close = compareRuns([
      made("a", { parameters: 3e6, samplesPerS: 100, energyJ: 9, errorJ: 0.4 }),
      made("b", { parameters: 4e6, samplesPerS: 101, energyJ: 8.2, errorJ: 0.4 }),
    ]);
    expect(close.contradictions).toEqual([]);
    const sure = compareRuns([
      made("a", { parameters: 3e6, samplesPerS: 100, energyJ: 9, errorJ: 0.1 }),
      made("b", { parameters: 4e6, samplesPerS: 101, energyJ: 8.2, errorJ: 0.1 }),
    ]);
    expect(sure.contradictions[0]!.secondBetter).toEqual(["energy"]);
  });

  it("put in order by one indicator get the note that this is a claim about that one alone", () => {
    const { order, notes } = compareRuns([residual, mobile], "flops");
    expect(order).toEqual({ by: "flops", runs: [1, 0] });
    const note = notes.find(({ code }) => code === "single-indicator")!;
    expect(note.message).toMatch(/^By FLOPs a sample alone mobile is best\. .* not about efficiency\./);
    expect(note.message).toMatch(/By samples a second, energy a sample another run is ahead of it\.$/);
  });

  it("of different machines, and with indicators that are not known of all, say so and show the rest", () => {
    const { notes, runs, rankCorrelations } = compareRuns([
      made("a", { parameters: 1e6, energyJ: 3, machine: "one" }),
      made("b", { parameters: 2e6, machine: "two" }),
    ]);
    expect(notes.map(({ code }) => code)).toEqual(["few-runs", "other-machine", "missing", "theoretical"]);
    expect(notes[2]!.message).toContain("flops, throughput, memory, energy");
    expect(runs[1]!.values).not.toHaveProperty("energy");
    expect(rankCorrelations.every(({ indicators }) => !indicators.includes("energy"))).toBe(true);
  });

  it("are read in a terminal: the best marked, pairs in words, tau as a triangle", () => {
    const text = compareTable(compareRuns([mobile, residual], "energy"));
    const lines = text.split("\n");
    expect(lines[1]).toMatch(/^residual .*375 mJ ● \*$/);
    expect(lines[2]).toMatch(/^mobile .*3\.00 M \*/);
    expect(text.replace(/\s+/g, " ")).toContain(
      "mobile is better by parameters, FLOPs a sample, peak memory; residual by samples a second, energy a sample.",
    );
    expect(text).toMatch(/Kendall's tau.*\n.*parameters +1\.00/);
    expect(
      compareTable(compareRuns([made("x", { iterationS: Number.NaN }), made("y", { iterationS: Number.NaN })])),
    ).toContain("Nothing is known");
  });
});
