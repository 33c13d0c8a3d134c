import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bootstrapInterval, weighted } from "../../../../src/analysis/quantization/bootstrap";
import {
  calibrate,
  relativeError,
  throughOrigin,
  toleratedNats,
} from "../../../../src/analysis/quantization/calibrate";
import { gaussianSqnrDb } from "../../../../src/analysis/quantization/statistics";
import { verifyAnswer } from "../../../../src/analysis/quantization/verify";
import type { ModelFacts, TensorStatistics } from "../../../../src/model/quantization";
import { formatBits, scannedFormats } from "../../../../src/model/quantization";
import type { VerifyResult, VerifySpan } from "../../../../src/model/verify";
import { gaussian, random } from "../../../fixtures/checkpoints/make";

const layer = (name: string, penaltyDb: number): TensorStatistics => ({
  name,
  shape: [256, 1024],
  kurtosis: 3,
  maxOverSigma: 5,
  sqnrDb: Object.fromEntries(
    scannedFormats.map((format) => [
      format,
      gaussianSqnrDb[format] - (formatBits[format] < 8 ? penaltyDb : Math.min(penaltyDb, 2)),
    ]),
  ),
  flagged: false,
});

const facts: ModelFacts = {
  generates: true,
  parameters: 8e9,
  linearParameters: 7e9,
  embeddingParameters: 5e8,
  headParameters: 5e8,
  routerParameters: 0,
  expertParameters: 0,
  weightBytes: 16e9,
  dtype: "bf16",
  config: {},
  source: "tensors",
};

/** Samples of ten tokens; every variant's loss is the baseline's plus what `costs` says of its format. */
function measured(costs: (format: (typeof scannedFormats)[number]) => number, count = 200): VerifyResult {
  const noise = gaussian(count, 3, 0.5);
  const loss = Array.from(noise, (each) => 10 * (2 + each));
  const counts = loss.map(() => 10);
  return {
    task: "language",
    computedIn: "float32",
    device: "cpu",
    samples: count,
    window: 512,
    missing: [],
    missingCount: 0,
    baseline: { loss, count: counts },
    variants: scannedFormats.map((name) => ({
      name,
      loss: loss.map((each) => each + 10 * costs(name)),
      count: counts,
      agree: counts.map(() => 9),
    })),
    spans: [],
    unmeasured: [{ format: "nf4", reason: "There is no bitsandbytes." }],
    unit: "token",
    versions: { torch: "2.13" },
  };
}

describe("the interval of a statistic of samples", () => {
  it("covers the true mean in 95 of 100 experiments", () => {
    const uniform = random(7);
    let covered = 0;
    for (let experiment = 0; experiment < 200; experiment++) {
      const values = Array.from(gaussian(60, Math.floor(uniform() * 1e9)));
      const [low, high] = bootstrapInterval(60, (times) => weighted(values, times) / 60);
      if (low <= 0 && high >= 0) covered++;
    }
    expect(covered / 200).toBeGreaterThan(0.9);
    expect(covered / 200).toBeLessThan(0.995);
  });

  it("has the width that the normal distribution gives, and is the same each time", () => {
    const values = Array.from(gaussian(400, 1));
    const interval = bootstrapInterval(400, (times) => weighted(values, times) / 400);
    expect(interval[1] - interval[0]).toBeGreaterThan(0.85 * 2 * 1.96 * 0.05);
    expect(interval[1] - interval[0]).toBeLessThan(1.15 * 2 * 1.96 * 0.05);
    expect(bootstrapInterval(400, (times) => weighted(values, times) / 400)).toEqual(interval);
  });
});

describe("what was measured on a user's data", () => {
  it("has the perplexity of all tokens together, and each format's change beside the baseline", () => {
    const result = measured((format) => (format === "int4-g128" ? 0.02 : 0));
    const answer = verifyAnswer({ result, energies: [] }, []);
    const mean = result.baseline.loss!.reduce((a, b) => a + b) / 2000;
    expect(answer).toMatchObject({ metric: "perplexity", unit: "token", samples: 200, tokens: 2000 });
    expect(answer.baseline).toBeCloseTo(Math.exp(mean), 10);
    const row = answer.formats.find(({ format }) => format === "int4-g128")!;
    expect(row.change / answer.baseline).toBeCloseTo(Math.expm1(0.02), 10);
    expect(row.agreement).toBe(0.9);
    expect(row.interval[0]).toBeGreaterThan(0);
    // Paired: every sample loses the same, so the interval is far narrower than that of the baseline itself.
    const width = ([low, high]: readonly [number, number]) => high - low;
    expect(width(row.interval)).toBeLessThan(0.05 * width(answer.baselineInterval));
    expect(answer.formats.find(({ format }) => format === "nf4")!.notMeasured).toBe("There is no bitsandbytes.");
  });

  it("counts right answers of a classifier", () => {
    const correct = [1, 1, 0, 1];
    const count = [1, 1, 1, 1];
    const result: VerifyResult = {
      ...measured(() => 0),
      task: "classification",
      unit: "sample",
      samples: 4,
      baseline: { correct, count },
      variants: [{ name: "nf4", correct: [1, 0, 0, 1], count, agree: [1, 0, 1, 1] }],
    };
    const answer = verifyAnswer({ result, energies: [] }, []);
    expect(answer).toMatchObject({ metric: "accuracy", baseline: 0.75 });
    expect(answer.formats[0]).toMatchObject({ value: 0.5, change: -0.25, agreement: 0.75 });
    expect(answer.notes.join(" ")).toMatch(/Only 4 samples/);
    expect(answer.tokens).toBeUndefined();
  });

  it("compares times in pairs of turns, so that a machine that slows down for both changes nothing", () => {
    const spans: VerifySpan[] = [1, 1, 3, 1, 2, 1].flatMap((mood, turn) => [
      { variant: "baseline", beside: "int8-channel", startS: turn * 10, durationS: mood, units: 100 },
      { variant: "int8-channel", beside: "int8-channel", startS: turn * 10 + 5, durationS: 0.5 * mood, units: 100 },
    ]);
    const energies = [
      { variant: "baseline", beside: "int8-channel", energyJ: 90, standardErrorJ: 3 },
      { variant: "int8-channel", beside: "int8-channel", energyJ: 60, standardErrorJ: 3 },
    ];
    const answer = verifyAnswer({ result: { ...measured(() => 0), spans }, energies, energySource: "measured" }, []);
    const row = answer.formats.find(({ format }) => format === "int8-channel")!;
    expect(row.timeRatio).toBeCloseTo(0.5, 12);
    expect(row.timeRatioInterval![0]).toBeCloseTo(0.5, 12);
    expect(row.timePerTokenS).toBeCloseTo(4.5 / 600, 12);
    expect(row.energyPerTokenJ).toBeCloseTo(0.1, 12);
    expect(row.energyIntervalJ![1]).toBeCloseTo((60 + 1.96 * 3) / 600, 12);
    expect(answer).toMatchObject({ energySource: "measured" });
    expect(answer.energyPerTokenJ).toBeCloseTo(0.15, 12);
  });
});

describe("thresholds from a measured loss", () => {
  it("finds the slope of points on a line, and its scatter", () => {
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 100, noNaN: true }), (slope) => {
        const points = [0.001, 0.01, 0.02, 0.05].map((error) => ({ error, nats: slope * error }));
        expect(throughOrigin(points).slope).toBeCloseTo(slope, 9);
        expect(throughOrigin(points).standardError).toBeLessThan(1e-9 * slope + 1e-12);
      }),
    );
    const scattered = throughOrigin([1, 2, 3, 4].map((error, i) => ({ error, nats: error + (i % 2 ? 0.1 : -0.1) })));
    expect(scattered.standardError).toBeGreaterThan(0.01);
  });

  const layers = Array.from({ length: 8 }, (_, i) =>
    layer(`model.layers.${i}.mlp.up_proj.weight`, i === 3 ? 5 : i === 5 ? 2 : 0),
  );
  const error = (format: (typeof scannedFormats)[number]) => relativeError(layers, () => format);
  const calibrated = (slope: number) =>
    calibrate(
      measured((format) => slope * error(format)),
      layers,
      facts,
      "int4-g128-mse",
      undefined,
    )!;

  it("leaves all layers alike where the whole loses less than is tolerated", () => {
    const slope = (0.9 * toleratedNats) / error("int4-g128-mse");
    const found = calibrated(slope);
    expect(found).toMatchObject({ decided: true, format: "int4-g128-mse", overrides: [] });
    expect(found.natsPerError).toBeCloseTo(slope, 6);
    expect(found.finerDb).toBeUndefined();
    expect(found.eightBitDb).toBeUndefined();
  });

  it("protects the worst layers first where it loses more, and no more of them than needed", () => {
    const whole = error("int4-g128-mse");
    const without = relativeError(layers, ({ name }) => (name.includes(".3.") ? "fp8-e4m3" : "int4-g128-mse"));
    // Between the two: layer 3 has to go, the others need not.
    const slope = (2 * toleratedNats) / (whole + without);
    expect(slope * whole).toBeGreaterThan(toleratedNats);
    const found = calibrated(slope);
    expect(found.predictedNats).toBeLessThanOrEqual(toleratedNats);
    expect(found.overrides).toHaveLength(1);
    expect(found.overrides![0]!.pattern).toBe("re:.*\\.(3)\\.mlp\\.up_proj\\.weight$".replace("\\.weight", ""));
  });

  it("says so where no mixture is good enough, and where the texts cannot tell", () => {
    expect(calibrated(50).message).toMatch(/no mixture .* Take 8 bits/);
    const noise = random(5);
    const undecided = calibrate(
      measured(() => 0.01 * (noise() - 0.5)),
      layers,
      facts,
      "int4-g128-mse",
      undefined,
    )!;
    expect(undecided.decided).toBe(false);
    expect(undecided.overrides).toBeUndefined();
  });

  it("is not asked of a classifier", () => {
    const result = { ...measured(() => 0), baseline: { correct: [1], count: [1] } };
    expect(calibrate(result, layers, facts, "int4-g128-mse", undefined)).toBeUndefined();
  });
});
