import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { problemOf } from "../../../../src/analysis/bloat";
import type { BloatProfile, ClockOption, GraphProfile, PipelineProfile } from "../../../../src/model/bloat";
import { frontierJ, refusal, reported, solved } from "./solve";

const two: ClockOption[] = [
  { frequencyMhz: 1400, timeS: 0.1, energyJ: 30 },
  { frequencyMhz: 700, timeS: 0.15, energyJ: 20 },
];

const pipeline = (change: Partial<PipelineProfile> = {}): PipelineProfile => ({
  kind: "pipeline",
  stages: 2,
  microbatches: 4,
  schedule: "1f1b",
  blockingPowerW: 50,
  forward: [two, two],
  backward: [two, two],
  ...change,
});

const graph = (...operations: [string, ClockOption[], string[]][]): GraphProfile => ({
  kind: "graph",
  operations: operations.map(([id, options, after]) => ({ id, options, after })),
});

const single = (option: Partial<ClockOption>) => pipeline({ backward: [two, [two[0]!, { ...two[1]!, ...option }]] });

describe("a profile that cannot be one", () => {
  it("is refused with the place of a time or an energy that is none", () => {
    for (const timeS of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(refusal(single({ timeS }))).toBe(`backward.1.1.timeS: ${timeS} is no time above 0 s`);
    }
    for (const energyJ of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(refusal(single({ energyJ }))).toBe(`backward.1.1.energyJ: ${energyJ} is no energy of at least 0 J`);
    }
    expect(refusal(graph(["a", [{ timeS: 0, energyJ: 1 }], []]))).toBe(
      'operations.0.options ("a").0.timeS: 0 is no time above 0 s',
    );
  });

  it("is refused where a stage has no options, or too few stages have", () => {
    expect(refusal(pipeline({ forward: [two, []] }))).toBe("forward.1: has no option");
    expect(refusal(pipeline({ forward: [two] }))).toBe("forward: has the options of 1 stages, not of 2");
    expect(refusal(pipeline({ recompute: [two] }))).toBe("recompute: has the options of 1 stages, not of 2");
  });

  it("names the operations of a cycle", () => {
    const cyclic = graph(
      ["a", two, []],
      ["b", two, ["a", "d"]],
      ["c", two, ["b"]],
      ["d", two, ["c"]],
      ["e", two, ["d"]],
    );
    const reason = refusal(cyclic);
    for (const id of ["b", "c", "d"]) expect(reason).toContain(`"${id}"`);
    expect(reason).not.toContain('"e"');
    expect(reason).toContain("in a circle");
    expect(refusal(graph(["a", two, ["a"]]))).toContain('"a" after "a"');
  });

  it("names what waits for an operation that is not there, and an id that is there twice", () => {
    expect(refusal(graph(["a", two, ["ghost"]]))).toBe(
      'operations.0.after.0: "a" waits for "ghost", which is no operation',
    );
    expect(refusal(graph(["a", two, []], ["a", two, []]))).toBe('operations.1.id: "a" is the id of operations.0 too');
    expect(refusal({ kind: "graph", operations: [] })).toBe("operations: there are none");
  });

  it("is refused where the schedule cannot be", () => {
    expect(refusal(pipeline({ schedule: "interleaved", chunks: 2, microbatches: 5 }))).toContain(
      "do not divide among 2",
    );
    expect(refusal(pipeline({ chunks: 2 }))).toContain('chunks need "interleaved"');
    expect(refusal(pipeline({ microbatches: 0 }))).toContain("microbatches: 0");
    expect(refusal(pipeline({ stages: 1.5 }))).toContain("stages: 1.5");
  });

  it("is refused at once with a million operations", () => {
    const reason = refusal(pipeline({ microbatches: 250_000 }));
    expect(reason).toContain("1,000,000 are more than can be solved");
    const operations = Array.from({ length: 1_000_000 }, (_, i) => ({ id: `o${i}`, options: two, after: [] }));
    expect(refusal({ kind: "graph", operations })).toContain("1,000,000");
  });
});

describe("a profile that is unusual", () => {
  const solves = (profile: BloatProfile) => reported(solved(profile));

  it("may have fewer microbatches than stages", () => {
    const lists = Array.from({ length: 5 }, () => two);
    expect(solves(pipeline({ stages: 5, microbatches: 2, forward: lists, backward: lists })).operations).toBe(20);
  });

  it("may have no choice at all, which makes a frontier of one point", () => {
    const one = [two.slice(0, 1), two.slice(0, 1)];
    const report = solves(pipeline({ forward: one, backward: one }));
    expect(report.frontier).toHaveLength(1);
    expect(report.minimumTimeS).toBe(report.slowestUsefulTimeS);
    expect(report.intrinsic.energyJ).toBeCloseTo(0, 9);
    expect(report.plan.optimal).toBe(true);
    expect(report.notes.join()).toContain("no choice");
  });

  it("loses its dominated options, which is said, and nothing else changes", () => {
    const worse = [
      ...two,
      { frequencyMhz: 600, timeS: 0.2, energyJ: 90 },
      { frequencyMhz: 1000, timeS: 0.16, energyJ: 28 },
    ];
    const report = solves(pipeline({ forward: [worse, two] }));
    expect(report.notes[0]).toContain("2 of 10 options were left out");
    expect(report.frontier).toEqual(solves(pipeline()).frontier);
  });

  it("may have options closer in time than any clock resolves", () => {
    const near: ClockOption[] = [
      { timeS: 0.1, energyJ: 40 },
      { timeS: 0.1 + 1e-13, energyJ: 30 },
      { timeS: 0.1 + 2e-9, energyJ: 29 },
      { timeS: 0.15, energyJ: 20 },
    ];
    const frontier = solved(graph(["a", near, []], ["b", two, ["a"]]));
    const report = reported(frontier);
    expect(report.minimumTimeS).toBeCloseTo(0.2, 12);
    expect(frontierJ(frontier, 0.2 + 1e-6)).toBeLessThan(59.1);
    expect(frontierJ(frontier, 0.3)).toBeCloseTo(40, 9);
  });

  it("may have times and energies at the ends of what numbers can be: no profile crashes the solver", () => {
    const number = (most: number) => fc.double({ min: 0, max: most, noNaN: true });
    const any = fc.record({ timeS: number(1e30).filter((timeS) => timeS >= 1e-30), energyJ: number(1e30) });
    fc.assert(
      fc.property(fc.array(fc.array(any, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 8 }), (lists) => {
        const profile = graph(
          ...lists.map((own, i): [string, ClockOption[], string[]] => [
            `${i}`,
            own,
            i > 1 ? [`${i - 2}`, `${i >> 1}`] : [],
          ]),
        );
        const frontier = solved(profile);
        const report = reported(frontier);
        expect(report.plan.iterationTimeS).toBeLessThanOrEqual(report.plan.deadlineS);
        expect(report.minimumTimeS).toBeLessThanOrEqual(report.slowestUsefulTimeS);
        expect(report.plan.energyJ).toBeLessThanOrEqual(report.baseline.energyJ);
        for (const { energyJ, iterationTimeS } of report.frontier)
          expect(Number.isFinite(energyJ + iterationTimeS)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it("may cost from microjoules to gigajoules", () => {
    for (const scale of [1e-6, 1, 1e9]) {
      const options = two.map((option) => ({ ...option, energyJ: option.energyJ * scale }));
      const frontier = solved(graph(["a", options, []], ["b", options, ["a"]], ["c", options, []]));
      expect(frontierJ(frontier, 0.25) / scale).toBeCloseTo(70, 9);
    }
    const small = two.map((option) => ({ ...option, energyJ: option.energyJ * 1e-6 }));
    const large = two.map((option) => ({ ...option, energyJ: option.energyJ * 1e9 }));
    const mixed = solved(graph(["small", small, []], ["large", large, ["small"]]));
    expect(frontierJ(mixed, 0.25)).toBeCloseTo(20e9 + 30e-6, 3);
    expect(mixed.minimumTicks / mixed.problem.ticksPerS).toBeCloseTo(0.2, 9);
  });

  it("may use one dependency twice", () => {
    const once = solved(graph(["a", two, []], ["b", two, ["a"]]));
    const twice = solved(graph(["a", two, []], ["b", two, ["a", "a"]]));
    expect(Array.from(twice.cornerEffectiveJ)).toEqual(Array.from(once.cornerEffectiveJ));
  });

  it("may have operations of its own for recomputation, right before the backward", () => {
    const problem = problemOf(pipeline({ recompute: [two, two] }));
    if (!problem.known) throw new Error(problem.reason);
    const ids = Array.from({ length: problem.value.count }, (_, i) => problem.value.idOf(i));
    expect(ids.slice(0, 5)).toEqual(["F0.0.0", "F0.1.0", "R0.0.0", "B0.0.0", "F0.2.0"]);
    expect(solves(pipeline({ recompute: [two, two] })).minimumTimeS).toBeGreaterThan(solves(pipeline()).minimumTimeS);
  });

  it("asks for no time that cannot be had", () => {
    const frontier = solved(pipeline());
    expect(() => reported(frontier, { atS: 0.1 })).toThrow("--at 0.1 s is less than the minimum time");
    expect(() => reported(frontier, { stragglerS: Number.NaN })).toThrow("--straggler");
  });
});
