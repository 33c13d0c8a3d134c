import { describe, expect, it } from "vitest";
import { modelFacts, tensorRole } from "../../../../src/analysis/quantization/facts";
import { proposeOverrides } from "../../../../src/analysis/quantization/proposal";
import { quantReport } from "../../../../src/analysis/quantization/report";
import { gaussianSqnrDb, outliersInKurtosis } from "../../../../src/analysis/quantization/statistics";
import type { Checkpoint } from "../../../../src/model/checkpoint";
import {
  formats,
  type ModelFacts,
  type QuantDevice,
  type QuantRequest,
  type TensorStatistics,
} from "../../../../src/model/quantization";
import { TensorTable } from "../../../../src/model/tensorTable";
import { capability, cpu, gpu, llama, request, sized } from "./models";

const report = (facts: ModelFacts, device: QuantDevice | undefined, over: Partial<QuantRequest> = {}) =>
  quantReport({ facts, device, request: request(over), notes: [] });
const row = (from: ReturnType<typeof report>, format: string) =>
  from.formats.find((answer) => answer.format === format)!;

/** A layer that loses `penalty` dB against a Gaussian in every format. */
function layer(name: string, penalty: number, over: Partial<TensorStatistics> = {}): TensorStatistics {
  const sqnrDb = Object.fromEntries(Object.entries(gaussianSqnrDb).map(([format, db]) => [format, db - penalty]));
  return { name, shape: [128, 256], kurtosis: 3, maxOverSigma: 4, sqnrDb, flagged: false, ...over };
}
const layers = (...special: TensorStatistics[]) => {
  const named = new Map(special.map((own) => [own.name, own]));
  return Array.from({ length: 8 }, (_, i) =>
    ["self_attn.v_proj", "mlp.down_proj"].map((p) => `model.layers.${i}.${p}.weight`),
  )
    .flat()
    .map((name) => named.get(name) ?? layer(name, 0));
};

describe("the roles of tensors", () => {
  it.each([
    ["model.layers.0.self_attn.q_proj.weight", "BF16", 2, "linear"],
    ["transformer.h.3.mlp.c_fc.weight", "F32", 2, "linear"],
    ["blk.0.ffn_down_exps.weight", "q4_k", 3, "linear"],
    ["model.layers.0.mlp.experts.gate_up_proj", "BF16", 3, "linear"],
    ["model.layers.0.self_attn.q_proj.qweight", "I32", 2, "linear"],
    ["model.layers.0.mlp.gate.weight", "BF16", 2, "router"],
    ["model.layers.0.mlp.gate_proj.weight", "BF16", 2, "linear"],
    ["blk.1.ffn_gate_inp.weight", "f32", 2, "router"],
    ["model.embed_tokens.weight", "BF16", 2, "embedding"],
    ["transformer.wpe.weight", "F32", 2, "embedding"],
    ["token_embd.weight", "q4_k", 2, "embedding"],
    ["lm_head.weight", "BF16", 2, "head"],
    ["output.weight", "q6_k", 2, "head"],
    ["bert.encoder.layer.0.attention.output.dense.weight", "F32", 2, "linear"],
    ["model.layers.0.input_layernorm.weight", "BF16", 1, "other"],
    ["transformer.h.0.attn.bias", "F32", 4, "buffer"],
    ["transformer.h.0.attn.c_attn.bias", "F32", 1, "other"],
    ["model.layers.0.q_proj.weight_scale_inv", "F32", 2, "scale"],
    ["embeddings.position_ids", "I64", 2, "buffer"],
    ["conv1.weight", "F32", 4, "other"],
  ] as const)("%s (%s, rank %i) is %s", (name, dtype, rank, role) => {
    expect(tensorRole(name, dtype, rank)).toBe(role);
  });
});

describe("a model's facts", () => {
  const fromConfig = (config: Checkpoint["config"]) =>
    modelFacts({ path: "m", kind: "config", files: [], tensors: new TensorTable(), config, notes: [] });

  it("come from config.json alone where there are no weights, within 1 % of the real counts", () => {
    for (const size of ["8B", "70B", "405B"] as const) {
      const facts = fromConfig({ ...llama(size).config, gatedFeedForward: true });
      expect(facts.linearParameters / llama(size).linearParameters).toBeCloseTo(1, 2);
      expect(facts.parameters / llama(size).parameters).toBeCloseTo(1, 2);
      expect(facts.source).toBe("config");
    }
  });

  it("count experts: Mixtral-8x7B has 46.7e9 parameters", () => {
    const facts = fromConfig({
      architecture: "MixtralForCausalLM",
      hiddenSize: 4096,
      intermediateSize: 14336,
      layers: 32,
      heads: 32,
      kvHeads: 8,
      headSize: 128,
      vocabularySize: 32000,
      tiedEmbeddings: false,
      experts: 8,
      expertsPerToken: 2,
    });
    expect(facts.parameters / 46.7e9).toBeCloseTo(1, 2);
    expect(facts.expertParameters / 45.1e9).toBeCloseTo(1, 2);
  });
});

describe("layers that stand out in kurtosis", () => {
  const row8 = (values: readonly number[]) =>
    values.map((kurtosis, i) => ({ name: `model.layers.${i}.a.weight`, kurtosis }));

  it("are those that jump against their neighbours, at the higher side", () => {
    const calm = Array.from({ length: 24 }, (_, i) => 3 + 0.1 * Math.sin(i));
    expect([...outliersInKurtosis(row8(calm))]).toEqual([]);
    calm[0] = 20;
    calm[12] = 15;
    expect([...outliersInKurtosis(row8(calm))].sort()).toEqual(["model.layers.0.a.weight", "model.layers.12.a.weight"]);
  });

  it("are none among few layers", () => {
    expect([...outliersInKurtosis(row8([3, 3, 50, 3, 3]))]).toEqual([]);
  });
});

describe("a proposal", () => {
  const facts = sized(1e9);

  it.each([
    [1.49, []],
    [1.51, ["int4-g128-asym"]],
    [2.99, ["int4-g128-asym"]],
    [3.01, ["fp8-e4m3"]],
  ] as const)("gives a layer of %f dB penalty %j", (penalty, wanted) => {
    const bad = layer("model.layers.4.mlp.down_proj.weight", penalty, {});
    const better = { ...bad, sqnrDb: { ...bad.sqnrDb, "int4-g128-asym": 30 } };
    const { overrides } = proposeOverrides(facts, layers(better), "int4-g128", capability(9));
    expect(overrides.map(({ format }) => format)).toEqual(wanted);
  });

  it("takes INT8 where there is no FP8, and counts its bytes", () => {
    const plain = proposeOverrides(facts, layers(), "int4-g128", capability(8));
    const { overrides, weightBytes } = proposeOverrides(
      facts,
      layers(layer("model.layers.4.mlp.down_proj.weight", 5)),
      "int4-g128",
      capability(8),
    );
    expect(overrides).toEqual([
      {
        pattern: "re:.*\\.(4)\\.mlp\\.down_proj$",
        format: "int8-channel",
        reason: "5.0 dB worse than Gaussian weights (above 3 dB: 8 bits)",
      },
    ]);
    expect(weightBytes - plain.weightBytes).toBe((128 * 256 * (8 - 4.125)) / 8);
    expect("model.layers.4.mlp.down_proj").toMatch(new RegExp(overrides[0]!.pattern.slice(3)));
    expect("model.layers.14.mlp.down_proj").not.toMatch(new RegExp(overrides[0]!.pattern.slice(3)));
  });

  it("protects flagged layers only in the value projections and the first and last block", () => {
    const flag = (name: string) => layer(name, 0, { flagged: true, kurtosis: 9 });
    const patterns = (name: string) =>
      proposeOverrides(facts, layers(flag(name)), "int4-g128", capability(9)).overrides.map(({ pattern }) => pattern);
    expect(patterns("model.layers.0.mlp.down_proj.weight")).toEqual(["re:.*\\.(0)\\.mlp\\.down_proj$"]);
    expect(patterns("model.layers.7.mlp.down_proj.weight")).toHaveLength(1);
    expect(patterns("model.layers.4.mlp.down_proj.weight")).toEqual([]);
    expect(patterns("model.layers.4.self_attn.v_proj.weight")).toHaveLength(1);
  });

  it("puts layers of one projection into one line", () => {
    const { overrides } = proposeOverrides(
      facts,
      layers(layer("model.layers.1.mlp.down_proj.weight", 4), layer("model.layers.6.mlp.down_proj.weight", 6)),
      "int4-g128",
      capability(9),
    );
    expect(overrides).toEqual([
      { pattern: "re:.*\\.(1|6)\\.mlp\\.down_proj$", format: "fp8-e4m3", reason: expect.stringMatching(/^2 layers/) },
    ]);
  });

  it("leaves an 8-bit layer at 16 bits only where 8 bits keep less than 4 would of a Gaussian", () => {
    const { overrides } = proposeOverrides(
      facts,
      layers(layer("model.layers.4.mlp.down_proj.weight", 15)),
      "int8-channel",
      capability(8),
    );
    expect(overrides).toEqual([]);
    const hurt = proposeOverrides(
      facts,
      layers(layer("model.layers.4.mlp.down_proj.weight", 25)),
      "int8-channel",
      capability(8),
    );
    expect(hurt.overrides.map(({ format }) => format)).toEqual(["bf16"]);
  });
});

describe("the report", () => {
  it("has every format with its bits, size and whether it fits", () => {
    const { formats: rows, schema, headline } = report(llama("8B"), gpu("RTX 4090"));
    expect(schema).toBe("wattline.quant/1");
    expect(rows.map(({ format }) => format)).toEqual(formats);
    expect(rows.every(({ fits }) => fits === true)).toBe(true);
    expect(headline).toBe(
      "int4-g128 on RTX 4090 (R2): 5.70 GB of weights instead of 16.1 GB; about 98.7 % of the accuracy kept in the nearest published model.",
    );
  });

  it("counts the cache: a long context no longer fits", () => {
    const short = report(llama("8B"), gpu("RTX 4090"), { contextTokens: 4096 });
    const long = report(llama("8B"), gpu("RTX 4090"), { contextTokens: 60_000 });
    expect(row(short, "bf16").fits).toBe(true);
    expect(row(long, "bf16").fits).toBe(false);
    expect(row(long, "bf16").timePerTokenS).toBeUndefined();
    expect(long.headline).toContain("16 bit does not fit");
  });

  it("says how many devices it would take where nothing fits", () => {
    expect(report(llama("405B"), gpu("RTX 4090")).headline).toMatch(
      /^It does not fit on RTX 4090 .* 10 such devices\.$/,
    );
    expect(row(report(llama("70B"), { ...gpu("A100"), count: 4 }), "bf16").fits).toBe(true);
  });

  it("claims no FP8 energy at batch 5 to 16", () => {
    const at = (batch: number) =>
      row(report(llama("8B"), gpu("H100"), { mode: "async", batch }), "fp8-e4m3").energyPerTokenJ;
    expect([4, 5, 16, 17].map((batch) => at(batch) !== undefined)).toEqual([true, false, false, true]);
    expect(report(llama("8B"), gpu("H100"), { mode: "async", batch: 8 }).warnings.map(({ code }) => code)).toContain(
      "fp8-small-batch",
    );
  });

  it("never suggests bitsandbytes INT8, and says why", () => {
    for (const device of [gpu("H100"), gpu("T4"), cpu]) {
      const { proposal, warnings } = report(llama("8B"), device);
      expect(proposal.recipe).not.toMatch(/bitsandbytes|int8\(\)/i);
      expect(warnings.find(({ code }) => code === "no-bitsandbytes-int8")!.message).toContain("2601.22362");
    }
  });

  it("says first that it is not for a small model on a large GPU", () => {
    const small = report(sized(124e6), gpu("H100"));
    expect(small.headline).toMatch(/^Not for you: reading its weights takes .* ms of a step that takes 2\.7 ms/);
    expect(report(llama("8B"), gpu("H100")).notForYou).toBeUndefined();
    expect(report(sized(124e6), cpu).notForYou).toBeUndefined();
  });

  it("does not hold memory back: a small model that does not fit at 16 bits is quantized", () => {
    expect(report(sized(1e9), { ...gpu("H100"), memoryBytes: 1.8e9 }).notForYou).toBeUndefined();
  });

  it.each([
    [
      "was quantized before",
      llama("8B", { config: { ...llama("8B").config, quantized: { method: "gptq", bits: 4 } } }),
      /quantized already \(gptq, 4 bit\)/,
    ],
    [
      "writes no text",
      llama("8B", { generates: false, architecture: "BertForSequenceClassification" }),
      /BertForSequenceClassification is none/,
    ],
  ] as const)("is not for a model that %s", (_, facts, why) => {
    const { notForYou, headline } = report(facts, gpu("H100"));
    expect(notForYou).toMatch(why);
    expect(headline.startsWith("Not for you: ")).toBe(true);
  });

  it("is not for a device that no rule was measured on, where 16 bit fits", () => {
    expect(report(llama("8B"), gpu("MI300X")).notForYou).toMatch(/no rule has evidence for MI300X/);
  });

  it("warns of long prompts and other languages where 4 bits are forced", () => {
    const tight = { ...gpu("H100"), memoryBytes: 20e9 };
    const long = report(
      llama("8B", { config: { ...llama("8B").config, kvHeads: 1 } }),
      { ...tight, memoryBytes: 8e9 },
      { contextTokens: 65_536 },
    );
    expect(long.proposal.format).toBe("int4-g128");
    expect(long.warnings.map(({ code }) => code)).toContain("long-prompts");
    const foreign = report(llama("8B"), { ...tight, memoryBytes: 8e9 }, { language: "de" });
    expect(foreign.warnings.map(({ code }) => code)).toContain("language");
  });

  it("says where the cache is the larger part, and what helps there", () => {
    const codes = (device: QuantDevice, batch: number) =>
      report(llama("8B"), device, { mode: "async", batch }).warnings.filter(({ code }) => code === "kv-cache-large");
    expect(codes(gpu("H100"), 8)).toEqual([]);
    expect(codes(gpu("H100"), 64)[0]!.message).toMatch(/FP8 KV cache halves it/);
    expect(codes(gpu("A100"), 64)[0]!.message).toMatch(/shorter context/);
  });

  it("leaves out what is not known, and never says NaN or null", () => {
    for (const device of [undefined, cpu, gpu("H100"), { name: "GPU", kind: "gpu", count: 1 } as QuantDevice]) {
      for (const facts of [llama("8B"), sized(1e6, { config: {} })]) {
        const text = JSON.stringify(report(facts, device));
        expect(text).not.toMatch(/null|NaN|Infinity/);
      }
    }
  });
});
