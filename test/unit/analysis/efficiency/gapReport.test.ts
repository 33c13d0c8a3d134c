import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { leastBytes } from "../../../../src/analysis/efficiency/bytes";
import { layerSummary } from "../../../../src/analysis/efficiency/gapHeadline";
import type { GapLayer, GapReport } from "../../../../src/model/gap";
import type { LayerMeasure, TracedLayer } from "../../../../src/model/trace";
import { a100, convolution, elementwise, reportOf } from "./table";

const block = () => [
  convolution({ name: "features.0.expand", from: 64, to: 256, size: 56, timeS: 50e-6 }),
  convolution({ name: "features.0.depthwise", from: 256, to: 256, size: 56, kernel: 3, groups: 256, timeS: 90e-6 }),
  convolution({ name: "features.0.project", from: 256, to: 64, size: 56, timeS: 50e-6 }),
];

const codes = (report: GapReport) => report.notes.map(({ code }) => code);

describe("the report of a block that is measured", () => {
  it("has each layer's work, bound and parts, in the order in which they run", () => {
    const { layers, device } = reportOf(block());
    expect(layers.map(({ name, kind, bound }) => [name, kind, bound])).toEqual([
      ["features.0.expand", "Conv2d pointwise", "memory"],
      ["features.0.depthwise", "Conv2d depthwise", "memory"],
      ["features.0.project", "Conv2d pointwise", "memory"],
    ]);
    expect(device.mainDtype).toBe("fp16");
    expect(device.balanceFlopsPerByte).toBeCloseTo(153, 0);
    const depthwise = layers[1]!;
    expect(depthwise.operationalIntensity).toBeCloseTo(4.5, 2);
    expect(depthwise.efficiency).toBeCloseTo(depthwise.idealTimeS! / 90e-6, 12);
    expect(depthwise.attainableEfficiency).toBeCloseTo(4.4998 / 153.02, 4);
  });

  it("adds its rows up", () => {
    const { layers, totals } = reportOf(block());
    const sum = (of: (row: GapLayer) => number | undefined) => layers.reduce((all, row) => all + (of(row) ?? 0), 0);
    expect(totals.timeS).toBeCloseTo(190e-6, 15);
    expect(totals.flops).toBe(sum(({ flops }) => flops));
    expect(totals.idealTimeS! + totals.memoryGapS! + totals.kernelGapS!).toBe(totals.timeS);
    expect(totals.attainableEfficiency!.toFixed(2)).toBe("0.20");
    expect(totals.unsplitTimeS).toBeUndefined();
  });

  it("groups by module, kind and block, and each grouping has the whole time", () => {
    const { groups, totals } = reportOf([
      ...block(),
      convolution({ name: "head", from: 64, to: 64, size: 7, timeS: 5e-6 }),
    ]);
    expect(groups.block.map(({ name, layers }) => [name, layers])).toEqual([
      ["features.0", 3],
      ["head", 1],
    ]);
    expect(groups.type.map(({ name }) => name)).toEqual(["Conv2d pointwise", "Conv2d depthwise"]);
    for (const all of Object.values(groups)) {
      expect(all.reduce((sum, { timeS }) => sum + timeS, 0)).toBeCloseTo(totals.timeS, 15);
    }
  });

  it("gives a layer the power of its phase for its time, and says how much of it is lost", () => {
    const { layers, totals, energySource } = reportOf(block(), a100, {
      powerW: { forward: 300 },
      energySource: "modelled",
    });
    expect(energySource).toBe("modelled");
    expect(layers[1]!.energyJ).toBeCloseTo(300 * 90e-6, 12);
    expect(layers[1]!.lostEnergyJ).toBeCloseTo(300 * (90e-6 - layers[1]!.idealTimeS!), 12);
    expect(totals.energyJ).toBeCloseTo(300 * 190e-6, 12);
  });

  it("predicts what a kernel for the whole block would save, as the worked example does", () => {
    const { fusions } = reportOf(block());
    expect(fusions).toHaveLength(1);
    const [fusion] = fusions;
    expect(fusion!.layers).toEqual(["features.0.expand", "features.0.depthwise", "features.0.project"]);
    expect((fusion!.savingS * 1e6).toFixed(1)).toBe((113.43 - 22.56).toFixed(1));
    expect(fusion!.intensityAfter!.toFixed(0)).toBe("273");
    expect(fusion!.tileBytes).toBe(2 * 256 * 56 * 3);
  });

  it("never predicts to save more than the chain takes", () => {
    const quick = block().map(({ layer, measures }) => ({
      layer,
      measures: measures.map((measure) => ({ ...measure, timeS: 1e-6 })),
    }));
    for (const { savingS, timeS } of reportOf(quick).fusions) expect(savingS).toBeLessThanOrEqual(timeS);
  });

  it("sees norms with activations, and the softmax of an attention", () => {
    const norm = elementwise("features.0.norm", "GroupNorm", 64, 56, 20e-6);
    const relu = elementwise("features.0.act", "ReLU", 64, 56, 20e-6);
    const other = elementwise("pool", "AvgPool2d", 64, 56, 20e-6);
    const softmax = elementwise("attention.softmax", "Softmax", 12, 512, 200e-6);
    const { fusions } = reportOf([norm, relu, other, softmax]);
    expect(fusions.map(({ kind, layers }) => [kind, layers])).toEqual([
      ["attention", ["attention.softmax"]],
      ["elementwise", ["features.0.norm", "features.0.act"]],
    ]);
  });

  it("tells in its headline where the time goes and which layers make half of it", () => {
    const many = [
      ...[1, 2, 3].map((n) =>
        convolution({ name: `features.${n}.dw`, from: 256, to: 256, size: 56, kernel: 3, groups: 256, timeS: 90e-6 }),
      ),
      ...[4, 5, 6, 7, 8].map((n) =>
        convolution({ name: `features.${n}.pw`, from: 64, to: 256, size: 56, timeS: 40e-6 }),
      ),
    ];
    expect(reportOf(many).headline).toMatch(
      /^\d+ % of the time is lost to memory, \d+ % to kernels; three Conv2d depthwise layers make half of it\.$/,
    );
  });
});

describe("iterations", () => {
  it("are averaged, without those that are warm-up", () => {
    const row = convolution({ name: "a", from: 64, to: 64, size: 8, timeS: 10e-6 }, [0, 5, 9]);
    const slow = row.measures.map((measure, k) => ({ ...measure, timeS: [100e-6, 10e-6, 12e-6][k]! }));
    const report = reportOf([{ layer: row.layer, measures: slow }], a100, { leaveOut: new Set([0]) });
    expect(report.iterations).toEqual({ sampled: 2, leftOut: 1 });
    expect(report.layers[0]!.timeS).toBeCloseTo(11e-6, 15);
    expect(report.layers[0]!.standardErrorS).toBeCloseTo(1e-6, 12);
  });

  it("are all taken where all would be left out", () => {
    const row = convolution({ name: "a", from: 64, to: 64, size: 8, timeS: 10e-6 });
    expect(reportOf([row], a100, { leaveOut: new Set([0]) }).iterations).toEqual({ sampled: 1, leftOut: 0 });
  });
});

describe("input that is not as it should be", () => {
  const changed = (change: Partial<LayerMeasure>, layer: Partial<TracedLayer> = {}) => {
    const [first, ...rest] = block();
    const measures = first!.measures.map((measure) => ({ ...measure, ...change }));
    return [{ layer: { ...first!.layer, ...layer }, measures }, ...rest];
  };

  it("of no time leaves the row out and says so", () => {
    for (const timeS of [0, Number.NaN, -1, Number.POSITIVE_INFINITY]) {
      const report = reportOf(changed({ timeS }));
      expect(report.layers).toHaveLength(2);
      expect(codes(report)).toContain("bad-rows");
    }
  });

  it("of no bytes keeps the layer's efficiency and does not tell its gap apart", () => {
    for (const inputBytes of [Number.NaN, -1, Number.POSITIVE_INFINITY]) {
      const report = reportOf(changed({ inputBytes }));
      const [row] = report.layers;
      expect(row).toMatchObject({ efficiency: expect.any(Number), idealTimeS: expect.any(Number) });
      expect(row).not.toHaveProperty("memoryGapS");
      expect(codes(report)).toContain("no-bytes");
      const { idealTimeS, memoryGapS, kernelGapS, unsplitTimeS, timeS } = report.totals;
      expect(unsplitTimeS).toBeGreaterThan(0);
      expect(idealTimeS! + memoryGapS! + kernelGapS! + unsplitTimeS!).toBe(timeS);
    }
  });

  it("of no FLOPs counts an ideal time of 0, without an efficiency, and says so", () => {
    const { measures, layer } = block()[0]!;
    const { flops: _, ...without } = measures[0]!;
    const report = reportOf([{ layer, measures: [without] }]);
    expect(report.layers[0]).toMatchObject({ idealTimeS: 0 });
    expect(report.layers[0]).not.toHaveProperty("efficiency");
    expect(codes(report)).toContain("no-flops");
  });

  it("of a device that nobody knows gives times and no utilization", () => {
    const report = reportOf(block(), { name: "Some GPU", source: "unknown" });
    expect(report.totals.timeS).toBeCloseTo(190e-6, 12);
    expect(report.totals).not.toHaveProperty("efficiency");
    expect(report.layers.every((row) => row.efficiency === undefined && row.idealTimeS === undefined)).toBe(true);
    expect(codes(report)).toContain("unknown-device");
    expect(report.headline).toContain("limits are not known");
  });

  it("of a format without a peak leaves those layers unsplit", () => {
    const report = reportOf(changed({ dtype: "torch.float64" }));
    expect(report.layers[0]).not.toHaveProperty("idealTimeS");
    expect(report.layers[1]).toHaveProperty("idealTimeS");
    expect(report.notes.find(({ code }) => code === "no-peak")?.message).toContain("fp64");
  });

  it("of a layer over the peak caps the ideal time and says that something is wrong", () => {
    const report = reportOf(changed({ timeS: 1e-6 }));
    expect(report.layers[0]!.efficiency).toBeGreaterThan(1.05);
    expect(report.layers[0]).toMatchObject({ idealTimeS: 1e-6, memoryGapS: 0, kernelGapS: 0 });
    expect(codes(report)).toContain("over-peak");
  });

  it("of an empty table answers with a reason", () => {
    expect(codes(reportOf([]))).toEqual(["no-layers"]);
  });

  it("of any kind never gives a number that is none", () => {
    const wild = fc.oneof(fc.double(), fc.constantFrom(0, -1, Number.NaN, Number.POSITIVE_INFINITY, 1e300, 5e-324));
    const measure = fc.record({
      layer: fc.nat(3),
      pass: fc.constantFrom("forward" as const, "backward" as const),
      iteration: fc.nat(2),
      calls: fc.integer({ min: 1, max: 4 }),
      timeS: wild,
      flops: wild,
      inputBytes: wild,
      outputBytes: wild,
      dtype: fc.constantFrom("float32", "int64", "odd"),
      inputShape: fc.array(fc.nat(4), { maxLength: 4 }),
      outputShape: fc.array(fc.nat(4), { maxLength: 4 }),
    });
    const layers = block().map(({ layer }, id) => ({ ...layer, id }));
    fc.assert(
      fc.property(fc.array(measure, { maxLength: 12 }), (measures) => {
        const report = reportOf([
          { layer: layers[0]!, measures },
          ...layers.slice(1).map((layer) => ({ layer, measures: [] })),
        ]);
        const numbers = JSON.stringify(report, (_, value: unknown) => {
          if (typeof value === "number" && !Number.isFinite(value)) throw new Error(`${value}`);
          return value;
        });
        expect(numbers).not.toContain("null");
        for (const row of report.layers) {
          if (row.kernelGapS === undefined) continue;
          expect(row.idealTimeS! + row.memoryGapS! + row.kernelGapS).toBe(row.timeS);
          expect(Math.min(row.idealTimeS!, row.memoryGapS!, row.kernelGapS)).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });
});

describe("bytes", () => {
  const moved = { weightBytes: 100, inputBytes: 1000, outputBytes: 4000, calls: 2 };

  it("are activations and weights once, and in a backward the weights' gradient too", () => {
    expect(leastBytes("Linear", "forward", moved)).toBe(1000 + 4000 + 2 * 100);
    expect(leastBytes("Linear", "backward", moved)).toBe(1000 + 4000 + 4 * 100);
  });

  it("are those of the rows that are looked up, and of the whole table's gradient", () => {
    expect(leastBytes("Embedding", "forward", { ...moved, weightBytes: 1e9 })).toBe(1000 + 2 * 4000);
    expect(leastBytes("Embedding", "backward", { ...moved, weightBytes: 1e9 })).toBe(1000 + 4000 + 2e9);
  });

  it("are none where a layer hands on what it gets", () => {
    for (const type of ["Identity", "Flatten"]) expect(leastBytes(type, "forward", moved)).toBe(0);
  });
});

it("sums up the rows of a line of code", () => {
  const { layers, totals } = reportOf(block());
  expect(layerSummary(layers.slice(1, 2), totals.timeS)).toMatch(/^47 % of time · [\d.]+ % efficient · memory-bound$/);
});
