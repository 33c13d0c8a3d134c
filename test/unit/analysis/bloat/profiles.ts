/** Random profiles for properties: small graphs and pipelines, with noise, ties and operations that have no choice. */
import fc from "fast-check";
import type { BloatProfile, ClockOption, GraphProfile, PipelineProfile } from "../../../../src/model/bloat";

/** Whole microseconds and millijoules, as meters give them; often of few digits, so that ties are common. */
const timeS = fc
  .oneof(
    fc.integer({ min: 1, max: 12 }).map((ms) => ms * 1000),
    fc.integer({ min: 100, max: 2_000_000 }),
  )
  .map((us) => us / 1e6);
const energyJ = fc
  .oneof(
    fc.integer({ min: 0, max: 20 }).map((joules) => joules * 1000),
    fc.integer({ min: 0, max: 300_000 }),
  )
  .map((mJ) => mJ / 1000);

export const options = (most: number): fc.Arbitrary<ClockOption[]> =>
  fc.array(fc.record({ timeS, energyJ }), { minLength: 1, maxLength: most });

export const graphs = (mostOperations: number, mostOptions: number): fc.Arbitrary<GraphProfile> =>
  fc
    .array(fc.record({ options: options(mostOptions), waits: fc.array(fc.nat(1000), { maxLength: 3 }) }), {
      minLength: 1,
      maxLength: mostOperations,
    })
    .map((rows) => ({
      kind: "graph",
      operations: rows.map(({ options, waits }, i) => ({
        id: `op${i}`,
        options,
        after: i === 0 ? [] : [...new Set(waits.slice(0, i).map((k) => `op${k % i}`))],
      })),
    }));

export const pipelines = (most: number, mostOptions: number): fc.Arbitrary<PipelineProfile> =>
  fc
    .record({
      stages: fc.integer({ min: 1, max: most }),
      rounds: fc.integer({ min: 1, max: most }),
      chunks: fc.integer({ min: 1, max: 2 }),
      schedule: fc.constantFrom("1f1b" as const, "gpipe" as const, "interleaved" as const),
      blockingPowerW: fc.constantFrom(0, 5, 70),
    })
    .chain(({ stages, rounds, chunks, schedule, blockingPowerW }) => {
      const lists = fc.array(options(mostOptions), { minLength: stages, maxLength: stages });
      return fc.record({ forward: lists, backward: lists }).map(
        (own): PipelineProfile => ({
          kind: "pipeline",
          stages,
          schedule,
          blockingPowerW,
          ...(schedule === "interleaved"
            ? { microbatches: stages * Math.max(1, Math.floor(rounds / 2)), chunks }
            : { microbatches: rounds }),
          ...own,
        }),
      );
    });

export const profiles = (most: number, mostOptions: number): fc.Arbitrary<BloatProfile> =>
  fc.oneof(graphs(3 * most, mostOptions), pipelines(most, mostOptions));
