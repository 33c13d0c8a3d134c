import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { adviceFor } from "../../../../src/analysis/quantization/advice";
import { layerMap } from "../../../../src/analysis/quantization/layerMap";
import { loadSummary } from "../../../../src/analysis/quantization/loadSummary";
import { quantReport } from "../../../../src/analysis/quantization/report";
import { kvCurve, longestContext, totalBytes } from "../../../../src/analysis/quantization/sizes";
import { pythonText, replacementFor, snippetsFor } from "../../../../src/analysis/quantization/snippets";
import { gaussianSqnrDb } from "../../../../src/analysis/quantization/statistics";
import {
  defaultRequest,
  type Format,
  type ModelFacts,
  type QuantDevice,
  type QuantReport,
  type QuantRequest,
  scannedFormats,
  type TensorStatistics,
} from "../../../../src/model/quantization";
import { quantDevice } from "../../../../src/store/checkpoint/device";

const config = {
  layers: 32,
  kvHeads: 8,
  headSize: 128,
  hiddenSize: 4096,
  intermediateSize: 14336,
  vocabularySize: 128256,
  maxContext: 131072,
};
const llama: ModelFacts = {
  generates: true,
  architecture: "LlamaForCausalLM",
  parameters: 8.03e9,
  linearParameters: 6.98e9,
  embeddingParameters: 5.25e8,
  headParameters: 5.25e8,
  routerParameters: 0,
  expertParameters: 0,
  weightBytes: 16.06e9,
  dtype: "bf16",
  config,
  source: "tensors",
};
const layer = (name: string, penaltyDb = 0, flagged = false): TensorStatistics => ({
  name,
  shape: [64, 64],
  kurtosis: 3,
  maxOverSigma: 4,
  sqnrDb: Object.fromEntries(scannedFormats.map((format) => [format, gaussianSqnrDb[format] - penaltyDb])),
  flagged,
});
function reportOf(
  device: QuantDevice,
  request: Partial<QuantRequest> = {},
  facts = llama,
  layers: TensorStatistics[] = [],
): QuantReport {
  const noise = Object.fromEntries(scannedFormats.map((format) => [format, 0.01])) as Record<
    (typeof scannedFormats)[number],
    number
  >;
  return quantReport({
    facts,
    device,
    request: { ...defaultRequest("sync", facts.config.maxContext), ...request },
    notes: [],
    ...(layers.length === 0
      ? {}
      : { scan: { layers, skipped: [], total: { signal: 1, noise }, bytesRead: 1, elapsedS: 1 } }),
  });
}

describe("the map of layers", () => {
  it("has blocks down, projections across, and the proposal's exceptions", () => {
    const layers = [0, 1, 10].flatMap((block) => [
      layer(`model.layers.${block}.mlp.up_proj.weight`, block === 1 ? 5 : 0),
      layer(`model.layers.${block}.self_attn.v_proj.weight`, 0, block === 10),
    ]);
    const map = layerMap([...layers, layer("extra.weight")], "int4-g128", undefined)!;
    expect(map.blocks).toEqual(["0", "1", "10", "…"]);
    expect(map.projections).toEqual(["mlp.up_proj", "self_attn.v_proj", "extra"]);
    expect(map.cells).toHaveLength(7);
    const at = (block: number, projection: number) =>
      map.cells.find((cell) => cell.block === block && cell.projection === projection)!;
    expect(at(1, 0)).toMatchObject({ penaltyDb: 5, override: { format: "fp8-e4m3" } });
    expect(at(2, 1)).toMatchObject({ flagged: true, override: { format: "fp8-e4m3" } });
    expect(at(0, 0).override).toBeUndefined();
  });

  it("shows the worst of the experts of one block and projection", () => {
    const layers = Array.from({ length: 64 }, (_, i) =>
      layer(`model.layers.0.mlp.experts.${i}.up_proj.weight`, i === 40 ? 4 : 0.2),
    );
    const map = layerMap(layers, "int4-g128", undefined)!;
    expect(map.cells).toHaveLength(1);
    expect(map.cells[0]).toMatchObject({
      count: 64,
      penaltyDb: 4,
      name: "model.layers.0.mlp.experts.40.up_proj.weight",
      override: { format: "fp8-e4m3" },
    });
  });

  it("is not there before the weights were read, and shows a kin of formats that are not scanned", () => {
    expect(layerMap([], "int4-g128", undefined)).toBeUndefined();
    expect(layerMap([layer("h.0.x.weight")], "q8_0", undefined)!.format).toBe("int8-channel");
    expect(layerMap([layer("h.0.x.weight")], "q4_k_m", undefined)!.format).toBe("int4-g128-mse");
  });
});

describe("the code that makes a format", () => {
  const devices: [string, Partial<QuantRequest>, Format][] = [
    ["RTX 4090", {}, "int4-g128"],
    ["H100", { mode: "async", batch: 100 }, "fp8-e4m3"],
    ["A100", { mode: "async", batch: 100 }, "int8-channel"],
    ["cpu", {}, "q4_k_m"],
  ];
  const layers = [layer("model.layers.0.mlp.up_proj.weight", 5), layer("model.layers.1.mlp.up_proj.weight", 2)];

  it.each(devices)("begins on %s with what is proposed, and is Python where it says so", (name, request, family) => {
    const report = reportOf(quantDevice(name), request, llama, layers);
    const hostile = `C:\\models\\"; import os #'$(id)\u2028`;
    for (const model of ["meta-llama/Llama-3.1-8B", hostile]) {
      const snippets = snippetsFor(report, model);
      expect(snippets[0]!.format.startsWith(family)).toBe(true);
      expect(snippets[0]!.proposed).toBe(true);
      expect(new Set(snippets.map(({ id }) => id)).size).toBe(snippets.length);
      for (const { language, code } of snippets) {
        const program =
          language === "python" ? "import ast, sys; print(ast.dump(ast.parse(sys.stdin.read())))" : undefined;
        if (program === undefined) {
          expect(spawnSync("bash", ["-n"], { input: code }).status).toBe(0);
          continue;
        }
        const parsed = spawnSync("python3", ["-c", program], { input: code, encoding: "utf8" });
        expect(parsed.status, parsed.stderr).toBe(0);
        // What the model is called stays one text: nothing of it became code.
        expect(parsed.stdout).not.toContain("name='os'");
        expect(code).toContain(pythonText(model));
      }
    }
  });

  it("gives layers of their own format a modifier of their own, and leaves them out of the other", () => {
    const [first] = snippetsFor(reportOf(quantDevice("RTX 4090"), {}, llama, layers), "m");
    expect(first!.toolkit).toBe("llm-compressor");
    expect(first!.code).toContain(
      `QuantizationModifier(targets=["re:.*\\\\.(0)\\\\.mlp\\\\.up_proj$"], scheme="FP8_DYNAMIC")`,
    );
    expect(first!.code).toMatch(/GPTQModifier\(targets="Linear", scheme="W4A16", ignore=\[\s*"lm_head",\s*"re:/);
    expect(first!.code).toMatch(/# int4-\S+ has no preset: those layers keep 16 bits here/);
  });

  it("names no toolkit that is no longer maintained, and offers nothing that the device cannot run", () => {
    const all = snippetsFor(reportOf(quantDevice("A100")), "m");
    expect(all.map(({ code }) => code).join()).not.toMatch(/\bawq\b|auto_gptq/);
    expect(all.some(({ format }) => format === "nvfp4" || format === "fp8-e4m3")).toBe(false);
    expect(replacementFor("GPTQModel", "org/m").code).toContain(
      'GPTQModel.load("org/m", GPTQConfig(bits=4, group_size=128))',
    );
    expect(replacementFor("llm-compressor", "org/m").code).toContain('scheme="W4A16"');
  });
});

describe("advice beyond weights", () => {
  const ids = (
    device: QuantDevice,
    request: Partial<QuantRequest> = {},
    facts = llama,
    use?: Parameters<typeof adviceFor>[2],
  ) => adviceFor(facts, reportOf(device, request, facts), use).map(({ id }) => id);
  const h100 = quantDevice("H100");
  const gpu4090 = quantDevice("RTX 4090");

  it("is silent where no trigger is met", () => {
    expect(ids(h100)).toEqual([]);
  });

  it("tells of an FP8 cache where the cache is larger than the weights, and the device has FP8", () => {
    expect(ids(h100, { mode: "async", batch: 5, contextTokens: 8192, latencyBound: true })).not.toContain(
      "fp8-kv-cache",
    );
    expect(ids(h100, { mode: "async", batch: 64, contextTokens: 8192 })).toContain("fp8-kv-cache");
    expect(ids(quantDevice("A100"), { mode: "async", batch: 64, contextTokens: 8192 })).not.toContain("fp8-kv-cache");
  });

  it("tells of sparse attention from 32,768 tokens on", () => {
    expect(ids(h100, { contextTokens: 32_767 })).not.toContain("recycled-attention");
    expect(ids(h100, { contextTokens: 32_768 })).toContain("recycled-attention");
  });

  it("tells of routing for servers, of experts for large dense models", () => {
    expect(ids(h100, { mode: "async", batch: 64 })).toContain("routing");
    const large = { ...llama, parameters: 30e9 };
    expect(ids(h100, {}, large)).toContain("experts");
    expect(ids(h100, {}, { ...large, parameters: 29.9e9 })).not.toContain("experts");
    expect(ids(h100, {}, { ...large, config: { ...config, experts: 8 } })).not.toContain("experts");
  });

  it("tells of optimizer states where all weights are trained and AdamW takes over half of the memory", () => {
    const training = { trains: true, usesPeft: false };
    expect(ids(gpu4090, {}, llama, training)).toEqual(["optimizer-state", "recipe"]);
    // 16 bytes a parameter: half of 24 GB is reached at 0.75B.
    const facts = (parameters: number) => ({ ...llama, parameters, linearParameters: parameters });
    expect(ids(gpu4090, {}, facts(0.74e9), training)).not.toContain("optimizer-state");
    expect(ids(gpu4090, {}, facts(0.76e9), training)).toContain("optimizer-state");
    expect(ids(gpu4090, {}, llama, { trains: true, usesPeft: true })).toEqual(["recipe"]);
    expect(ids(gpu4090, {}, llama, { trains: false, usesPeft: true })).toEqual([]);
  });

  it("warns of adapters on moderate encoders", () => {
    const bert = { ...llama, generates: false, parameters: 1.1e8, architecture: "BertForSequenceClassification" };
    expect(ids(gpu4090, {}, bert, { trains: true, usesPeft: true })).toContain("adapters-cost");
    expect(ids(gpu4090, {}, { ...bert, parameters: 1e9 }, { trains: true, usesPeft: true })).not.toContain(
      "adapters-cost",
    );
  });
});

describe("the line above a load", () => {
  it("has type and size now, and what is proposed", () => {
    const report = reportOf(quantDevice("RTX 4090"));
    expect(loadSummary(llama, report, {})).toBe("bf16, 16.1 GB · W4A16 would be 5.70 GB");
    expect(loadSummary(llama, report, { dtype: "float32" })).toBe("f32, 32.1 GB · W4A16 would be 5.70 GB");
    expect(loadSummary(llama, report, { dtype: "auto" })).toBe("bf16, 16.1 GB · W4A16 would be 5.70 GB");
    expect(loadSummary(llama, report, { quantized: "BitsAndBytesConfig" })).toBe(
      "bf16, 16.1 GB, loaded by BitsAndBytesConfig",
    );
  });

  it("promises nothing where nothing is gained", () => {
    const small = { ...llama, parameters: 1e8, linearParameters: 8e7, weightBytes: 2e8 };
    expect(loadSummary(small, reportOf(quantDevice("H100"), {}, small), {})).toBe(
      "bf16, 200 MB · quantizing would not help here",
    );
    const done = {
      ...llama,
      dtype: "q4_k_m",
      weightBytes: 4.9e9,
      config: { ...config, quantized: { method: "q4_k_m", bits: 4 } },
    };
    expect(loadSummary(done, reportOf(quantDevice("H100"), {}, done), { dtype: "float16" })).toBe(
      "q4_k_m, 4.90 GB · quantized already",
    );
  });
});

describe("context and memory", () => {
  it("finds the longest context that fits, to the token", () => {
    const memory = 24e9;
    const longest = longestContext(llama, "int4-g128", 4, memory)!;
    const total = (tokens: number) =>
      reportOf({ ...quantDevice("RTX 4090") }, { batch: 4, contextTokens: tokens }).formats.find(
        ({ format }) => format === "int4-g128",
      )!.totalBytes;
    expect(total(longest)).toBeLessThanOrEqual(memory);
    expect(total(longest + 1)).toBeGreaterThan(memory);
    expect(longestContext(llama, "bf16", 1, 8e9)).toBe(0);
    expect(longestContext(llama, "int4-g128", 1, 1e12)).toBe(131072);
    expect(longestContext({ ...llama, config: {} }, "bf16", 1, 1e12)).toBeUndefined();
    expect(totalBytes(10, undefined, undefined)).toBe(11);
  });

  it("draws the cache at powers of two up to the model's most", () => {
    const curve = kvCurve(config, 2);
    expect(curve.map(({ contextTokens }) => contextTokens)).toEqual([
      1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072,
    ]);
    expect(curve[2]!.bytes).toBe(2 * 4096 * 32 * 2 * 8 * 128 * 2);
    expect(kvCurve({}, 1)).toEqual([]);
    expect(kvCurve({ ...config, maxContext: 64 }, 1).map(({ contextTokens }) => contextTokens)).toEqual([64]);
  });
});
