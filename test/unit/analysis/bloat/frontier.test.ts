import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { problemOf, solveFrontier } from "../../../../src/analysis/bloat";
import type { BloatProfile, ClockOption, GraphProfile } from "../../../../src/model/bloat";
import { blockingPowerOf, check, lengthOf, tasksOf } from "./independent";
import { leastEnergyJ, loadHighs } from "./linearProgram";
import { graphs, options, profiles } from "./profiles";
import { frontierJ, reported, solved } from "./solve";

const close = (a: number, b: number, relative: number) =>
  expect(Math.abs(a - b)).toBeLessThanOrEqual(relative * Math.max(1e-9, Math.abs(a), Math.abs(b)));

const fastest = (profile: BloatProfile) =>
  lengthOf(tasksOf(profile), ({ options }) => Math.min(...options.map(({ timeS }) => timeS)));

/** A time on the frontier, `share` of the way from the minimum to the slowest useful time. */
const timeAt = (frontier: ReturnType<typeof solved>, share: number) =>
  (frontier.minimumTicks + share * (frontier.slowestTicks - frontier.minimumTicks)) / frontier.problem.ticksPerS;

const mapOptions = (profile: BloatProfile, change: (option: ClockOption) => ClockOption): BloatProfile => {
  if (profile.kind === "graph") {
    return { ...profile, operations: profile.operations.map((own) => ({ ...own, options: own.options.map(change) })) };
  }
  const lists = (stages: typeof profile.forward) => stages.map((list) => list.map(change));
  return { ...profile, forward: lists(profile.forward), backward: lists(profile.backward) };
};

describe("the frontier", () => {
  it("is what a linear program finds, at any time on it", async () => {
    const highs = await loadHighs();
    fc.assert(
      fc.property(profiles(4, 6), fc.double({ min: 0.02, max: 1, noNaN: true }), (profile, share) => {
        const frontier = solved(profile);
        const timeS = timeAt(frontier, share);
        // HiGHS keeps rows within a billionth of the deadline: ours lies between its answers for a little more and less.
        const above = leastEnergyJ(highs, profile, timeS * (1 - 1e-7));
        const below = leastEnergyJ(highs, profile, timeS * (1 + 1e-7));
        const energyJ = frontierJ(frontier, timeS);
        const margin = 1e-3 + 1e-6 * Math.abs(energyJ);
        if (above !== undefined) expect(energyJ).toBeLessThanOrEqual(above + margin);
        expect(energyJ).toBeGreaterThanOrEqual(below! - margin);
      }),
      { numRuns: 150 },
    );
  });

  it("begins at the longest path of fastest operations and ends at the least effective energy", () => {
    fc.assert(
      fc.property(profiles(4, 6), (profile) => {
        const frontier = solved(profile);
        const power = blockingPowerOf(profile);
        close(frontier.minimumTicks / frontier.problem.ticksPerS, fastest(profile), 1e-9);
        const least = tasksOf(profile).map(({ options }) =>
          Math.min(...options.map((o) => o.energyJ - power * o.timeS)),
        );
        const sum = least.reduce((total, own) => total + own, 0);
        expect(Math.abs(frontier.cornerEffectiveJ[0]! - sum)).toBeLessThan(1e-6);
      }),
    );
  });

  it("falls strictly and is convex in effective energy, and total energy falls up to the minimum-energy time", () => {
    fc.assert(
      fc.property(profiles(4, 6), (profile) => {
        const { cornerTicks, cornerEffectiveJ, slope, corners, cheapestTicks, ...frontier } = solvedParts(profile);
        for (let k = 0; k + 1 < corners; k++) {
          expect(cornerTicks[k]!).toBeGreaterThan(cornerTicks[k + 1]!);
          expect(cornerEffectiveJ[k]!).toBeLessThanOrEqual(cornerEffectiveJ[k + 1]!);
          expect(slope[k]!).toBeGreaterThan(k === 0 ? 0 : slope[k - 1]!);
        }
        const total = (ticks: number) => frontier.energyAt(ticks);
        for (let k = 0; k + 1 < corners; k++) {
          const [slow, fast] = [total(cornerTicks[k]!), total(cornerTicks[k + 1]!)];
          const margin = 1e-9 * Math.max(1, Math.abs(slow));
          if (cornerTicks[k]! <= cheapestTicks) expect(slow).toBeLessThanOrEqual(fast + margin);
          else expect(slow).toBeGreaterThanOrEqual(fast - margin);
        }
      }),
    );
  });

  it("has relaxed plans that are as short and as cheap as it says, each operation within its options", () => {
    fc.assert(
      fc.property(profiles(4, 6), fc.double({ min: 0, max: 1, noNaN: true }), (profile, share) => {
        const frontier = solved(profile);
        const { problem } = frontier;
        const timeS = timeAt(frontier, share);
        const durations = frontier.durationsAt(timeS * problem.ticksPerS);
        const byId = new Map(Array.from(durations, (ticks, i) => [problem.idOf(i), ticks / problem.ticksPerS]));
        const tasks = tasksOf(profile);
        expect(lengthOf(tasks, ({ id }) => byId.get(id)!)).toBeLessThanOrEqual(timeS * (1 + 1e-9));
        const power = blockingPowerOf(profile);
        let effectiveJ = 0;
        for (const { id, options } of tasks) effectiveJ += mixture(options, byId.get(id)!, power);
        const expected = frontier.energyAt(timeS * problem.ticksPerS) - frontier.waitingJ(timeS * problem.ticksPerS);
        expect(Math.abs(effectiveJ - expected)).toBeLessThan(1e-6 * Math.max(1, Math.abs(expected)));
      }),
    );
  });

  it("does not care how operations are named or listed", () => {
    fc.assert(
      fc.property(graphs(10, 5), fc.integer(), fc.double({ min: 0, max: 1, noNaN: true }), (profile, seed, share) => {
        const frontier = solved(profile);
        const other = solved(relabelled(profile, seed));
        expect(Array.from(other.cornerTicks)).toEqual(Array.from(frontier.cornerTicks));
        const timeS = timeAt(frontier, share);
        close(frontierJ(other, timeS), frontierJ(frontier, timeS), 1e-9);
      }),
    );
  });

  it("scales with all times, and with all energies", () => {
    fc.assert(
      fc.property(
        graphs(8, 5),
        fc.constantFrom(1e-6, 1e-3, 7, 1e3, 1e6),
        fc.constantFrom(1e-6, 1e-3, 3, 1e4, 1e9),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (profile, times, energies, share) => {
          const frontier = solved(profile);
          const scaled = mapOptions(profile, ({ timeS, energyJ }) => ({
            timeS: timeS * times,
            energyJ: energyJ * energies,
          }));
          const other = solved(scaled);
          const timeS = timeAt(frontier, share);
          expect(Math.abs(frontierJ(other, timeS * times) / energies - frontierJ(frontier, timeS))).toBeLessThan(1e-6);
        },
      ),
    );
  });

  it("never moves an operation that has one option", () => {
    fc.assert(
      fc.property(graphs(10, 5), options(1), fc.double({ min: 0, max: 1, noNaN: true }), (profile, only, share) => {
        const [first, ...rest] = profile.operations as [(typeof profile.operations)[0]];
        const fixed: GraphProfile = { ...profile, operations: [{ ...first, options: only }, ...rest] };
        const frontier = solved(fixed);
        const ticks = timeAt(frontier, share) * frontier.problem.ticksPerS;
        close(frontier.durationsAt(ticks)[0]! / frontier.problem.ticksPerS, only[0]!.timeS, 1e-9);
        expect(reported(frontier, { atS: timeAt(frontier, share) }).plan.operations[0]!.timeS).toBe(only[0]!.timeS);
      }),
      { numRuns: 40 },
    );
  });

  it("can be cancelled, and tells how far it is", () => {
    const list = Array.from({ length: 12 }, (_, k) => ({
      timeS: 1 + 0.1 * k + 0.01 * k * k,
      energyJ: 100 / (1 + 0.2 * k),
    }));
    const stage = (s: number) => list.map(({ timeS, energyJ }) => ({ timeS: timeS * (1 + 0.07 * s), energyJ }));
    const lists = Array.from({ length: 8 }, (_, s) => stage(s));
    const problem = problemOf({
      kind: "pipeline",
      stages: 8,
      microbatches: 32,
      schedule: "1f1b",
      blockingPowerW: 10,
      forward: lists,
      backward: lists,
    });
    if (!problem.known) throw new Error(problem.reason);
    const shares: number[] = [];
    expect(solveFrontier(problem.value, { cancelled: () => true })).toBeUndefined();
    expect(solveFrontier(problem.value, { progress: (share) => shares.push(share) })).toBeDefined();
    expect(shares.length).toBeGreaterThan(1);
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
    expect(shares.at(-1)).toBe(1);
  });
});

describe("plans", () => {
  it("exist, keep their deadline by an independent schedule, and are never below the frontier", () => {
    fc.assert(
      fc.property(profiles(3, 5), fc.double({ min: 0, max: 1.3, noNaN: true }), (profile, share) => {
        const frontier = solved(profile);
        const { plan, frontier: points } = reported(frontier, { atS: timeAt(frontier, share) });
        const independent = check(profile, plan.operations, plan.deadlineS);
        expect(independent.iterationTimeS).toBeLessThanOrEqual(plan.deadlineS * (1 + 1e-12) + 1e-15);
        expect(plan.iterationTimeS).toBeLessThanOrEqual(plan.deadlineS);
        expect(Math.abs(independent.energyJ - plan.energyJ)).toBeLessThan(1e-7);
        expect(plan.energyJ).toBeGreaterThanOrEqual(frontierJ(frontier, plan.deadlineS) - 1e-6);
        for (const point of points) {
          if (point.realizedTimeS === undefined) continue;
          expect(point.realizedTimeS).toBeLessThanOrEqual(point.iterationTimeS);
          expect(point.realizedEnergyJ!).toBeGreaterThanOrEqual(point.energyJ - 1e-6);
        }
      }),
    );
  });

  it("are the best of all that there are, for few operations", () => {
    fc.assert(
      fc.property(graphs(6, 3), fc.double({ min: 0, max: 1, noNaN: true }), (profile, share) => {
        const frontier = solved(profile);
        // All times here are whole microseconds, and so is this one: nothing misses it by a hair.
        const atS = Math.ceil(timeAt(frontier, share) * 1e6 - 1e-3) / 1e6;
        const { plan } = reported(frontier, { atS, realizedPoints: 1 });
        expect(plan.optimal).toBe(true);
        close(plan.energyJ, leastOfAll(profile, plan.deadlineS), 1e-9);
      }),
      { numRuns: 150 },
    );
  });

  it("give each operation the slack that it alone could use", () => {
    fc.assert(
      fc.property(profiles(3, 4), fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(), (profile, share, which) => {
        const frontier = solved(profile);
        const { plan } = reported(frontier, { atS: timeAt(frontier, share), realizedPoints: 1 });
        const chosen = plan.operations[which % plan.operations.length]!;
        const times = new Map(plan.operations.map(({ id, timeS }) => [id, timeS]));
        times.set(chosen.id, chosen.timeS + chosen.slackS);
        close(
          lengthOf(tasksOf(profile), ({ id }) => times.get(id)!),
          plan.deadlineS,
          1e-9,
        );
      }),
      { numRuns: 50 },
    );
  });
});

function solvedParts(profile: BloatProfile) {
  const frontier = solved(profile);
  const { cornerTicks, cornerEffectiveJ, slope, corners, cheapestTicks } = frontier;
  return {
    cornerTicks,
    cornerEffectiveJ,
    slope,
    corners,
    cheapestTicks,
    energyAt: (t: number) => frontier.energyAt(t),
  };
}

/** Least effective energy of a mixture of options with this mean time, by trying every pair. */
function mixture(list: readonly ClockOption[], timeS: number, power: number): number {
  let least = Infinity;
  const slack = 1e-9 * timeS;
  for (const a of list) {
    for (const b of list) {
      if (a.timeS > timeS + slack || b.timeS < timeS - slack) continue;
      const share = b.timeS - a.timeS > slack ? (timeS - a.timeS) / (b.timeS - a.timeS) : 0;
      const effective = (option: ClockOption) => option.energyJ - power * option.timeS;
      for (const s of b.timeS - a.timeS > slack ? [share] : [0, 1])
        least = Math.min(least, effective(a) + s * (effective(b) - effective(a)));
    }
  }
  // Faster than asked and cheaper than any mixture: an option that dominates.
  for (const a of list) if (a.timeS <= timeS + slack) least = Math.min(least, a.energyJ - power * a.timeS);
  return least;
}

/** Least energy (J) over every combination of options that keeps the deadline. */
function leastOfAll(profile: GraphProfile, deadlineS: number): number {
  const tasks = tasksOf(profile);
  const chosen = new Array<number>(tasks.length).fill(0);
  let least = Infinity;
  for (let i = 0; i < tasks.length; ) {
    const time = lengthOf(tasks, ({ options }, k) => options[chosen[k]!]!.timeS);
    const energyJ = tasks.reduce((sum, { options }, k) => sum + options[chosen[k]!]!.energyJ, 0);
    if (time <= deadlineS + 1e-9) least = Math.min(least, energyJ);
    for (i = 0; i < tasks.length && ++chosen[i]! === tasks[i]!.options.length; i++) chosen[i] = 0;
  }
  return least;
}

function relabelled(profile: GraphProfile, seed: number): GraphProfile {
  let state = seed >>> 0;
  const next = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0);
  const order = profile.operations.map((_, i) => [next(), i] as const).sort((a, b) => a[0] - b[0]);
  const name = (id: string) => `renamed ${id}`;
  return {
    ...profile,
    operations: order.map(([, i]) => {
      const { id, options, after } = profile.operations[i]!;
      return { id: name(id), options: options.toReversed(), after: after.map(name).toReversed() };
    }),
  };
}
