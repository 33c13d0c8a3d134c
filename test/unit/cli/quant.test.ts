import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { quantCommand } from "../../../src/cli/quant";
import type { QuantReport } from "../../../src/model/quantization";
import { quantDevice } from "../../../src/store/checkpoint/device";
import {
  f32,
  gaussian,
  gguf,
  type MadeTensor,
  temporaryFolder,
  tinyLlama,
  writeSafetensors,
  writeShards,
} from "../../fixtures/checkpoints/make";

const folder = temporaryFolder();
const { tensors, config } = tinyLlama();
const whole = join(folder, "whole");
mkdirSync(whole);
writeFileSync(join(whole, "config.json"), JSON.stringify(config));
writeSafetensors(join(whole, "model.safetensors"), tensors);
const sharded = writeShards(join(folder, "sharded"), tensors, 3);
writeFileSync(join(sharded, "config.json"), JSON.stringify(config));

async function quant(...args: string[]): Promise<{ text: string; errors: string }> {
  let [text, errors] = ["", ""];
  const code = await quantCommand({ dist: resolve("dist"), version: "0.0.0" }).run(args, {
    stdout: (part) => {
      text += part;
    },
    stderr: (part) => {
      errors += part;
    },
    env: {},
  });
  expect(code).toBe(0);
  return { text, errors };
}
const report = async (...args: string[]) => JSON.parse((await quant(...args, "--json")).text) as QuantReport;
const withoutTime = ({ scan: _, ...rest }: QuantReport) => rest;

describe("wattline quant", () => {
  it("says what a model is, its sizes, rules and layers", async () => {
    const { model, formats, rules, layers, scan, schema } = await report(whole, "--device", "H100");
    expect(schema).toBe("wattline.quant/1");
    const linear = 4 * (2 * 256 * 256 + 2 * 64 * 256 + 3 * 512 * 256);
    const rest = 2 * 320 * 256 + 5 * 256;
    expect(model).toMatchObject({
      architecture: "LlamaForCausalLM",
      parameters: linear + rest,
      linearParameters: linear,
      weightBytes: 2 * (linear + rest),
      dtype: "bf16",
      source: "tensors",
    });
    expect(formats.find(({ format }) => format === "int4-g128")!.weightBytes).toBe((linear * 4.125) / 8 + 2 * rest);
    expect(formats.find(({ format }) => format === "int4-g128")!.sqnrDb).toBeCloseTo(18.6, 1);
    expect(rules).toHaveLength(12);
    expect(layers).toHaveLength(28);
    expect(layers[0]).toMatchObject({ name: "model.layers.0.mlp.down_proj.weight", shape: [256, 512], flagged: false });
    expect(layers[0]!.kurtosis).toBeCloseTo(3, 1);
    expect(scan.state).toBe("done");
  });

  it("gives the same answer for a model in parts as for the merged file", async () => {
    for (const args of [
      ["--device", "H100"],
      ["--device", "A100", "--mode", "async", "--batch", "100"],
    ]) {
      expect(withoutTime(await report(sharded, ...args))).toEqual(withoutTime(await report(whole, ...args)));
    }
    const text = async (path: string) => (await quant(path, "--device", "H100")).text.replace(/in [\d.]+ m?s\./, "");
    expect(await text(sharded)).toBe(await text(whole));
  });

  it("answers from the header alone when asked to, in milliseconds", async () => {
    await report(whole, "--header-only");
    const started = performance.now();
    const { layers, scan, formats } = await report(whole, "--header-only", "--device", "H100");
    expect(performance.now() - started).toBeLessThan(200);
    expect(layers).toEqual([]);
    expect(scan).toEqual({ state: "header-only" });
    expect(formats.every(({ sqnrDb }) => sqnrDb === undefined)).toBe(true);
    expect(formats.every(({ fits }) => fits !== undefined)).toBe(true);
  });

  it("prints the advice first, and everything that it rests on", async () => {
    const { text } = await quant(whole, "--device", "RTX 4090");
    const lines = text.split("\n");
    expect(lines[0]).toMatch(/^Not for you: /);
    for (const words of [
      "Model ",
      "Device  RTX 4090 (24.0 GB, compute capability 8.9)",
      "int4-g128",
      "→ R1",
      "R11",
      "Proposal",
      "Most hurt layers",
      "bitsandbytes",
      "Read ",
    ])
      expect(text).toContain(words);
    expect(lines.filter((line) => line.length > 160)).toEqual([]);
    expect(text).not.toMatch(/undefined|NaN|null/);
  });

  it("takes mode, batch, context, latency bound, language and fewer than 4 bits to the rules", async () => {
    const decided = async (...args: string[]) =>
      (await report(join(folder, "8b"), ...args)).rules.find(({ decides }) => decides)?.id;
    mkdirSync(join(folder, "8b"));
    const big = {
      ...config,
      hidden_size: 4096,
      intermediate_size: 14336,
      num_hidden_layers: 32,
      num_attention_heads: 32,
      num_key_value_heads: 8,
      vocab_size: 128256,
      max_position_embeddings: 131072,
    };
    writeFileSync(join(folder, "8b", "config.json"), JSON.stringify(big));
    expect(await decided("--device", "H100")).toBe("R2");
    expect(await decided("--device", "H100", "--mode", "async")).toBe("R3");
    expect(await decided("--device", "H100", "--mode", "async", "--batch", "20")).toBe("R4");
    expect(await decided("--device", "A100", "--mode", "async", "--batch", "20")).toBe("R6");
    expect(await decided("--device", "H100", "--mode", "async", "--latency-bound")).toBe("R7");
    expect(await decided("--device", "cpu")).toBe("R8");
    expect(await decided("--device", "2x B200")).toBe("R9");
    expect(await decided("--device", "H100", "--context", "65536")).toBe("R11");
    expect(await decided("--device", "H100", "--language", "de")).toBe("R11");
    expect((await report(join(folder, "8b"), "--below-4-bit")).rules.find(({ id }) => id === "R10")!.fired).toBe(true);
    expect((await report(join(folder, "8b"), "--device", "2x A100")).device).toMatchObject({
      name: "A100 80GB SXM4",
      count: 2,
    });
  });

  it("reads a tiny GPT-2, whose weights are stored input by output and whose head is its embedding", async () => {
    const path = join(folder, "gpt2");
    mkdirSync(path);
    const [hidden, vocabulary] = [96, 200];
    writeFileSync(
      join(path, "config.json"),
      JSON.stringify({
        architectures: ["GPT2LMHeadModel"],
        model_type: "gpt2",
        n_embd: hidden,
        n_layer: 2,
        n_head: 4,
        n_positions: 64,
        vocab_size: vocabulary,
      }),
    );
    const made: Record<string, MadeTensor> = {
      "wte.weight": f32(gaussian(vocabulary * hidden, 1), [vocabulary, hidden]),
      "wpe.weight": f32(gaussian(64 * hidden, 2), [64, hidden]),
    };
    for (let layer = 0; layer < 2; layer++) {
      for (const [name, inputs, outputs] of [
        ["attn.c_attn", hidden, 3 * hidden],
        ["attn.c_proj", hidden, hidden],
        ["mlp.c_fc", hidden, 4 * hidden],
        ["mlp.c_proj", 4 * hidden, hidden],
      ] as const) {
        made[`h.${layer}.${name}.weight`] = f32(gaussian(inputs * outputs, layer + outputs), [inputs, outputs]);
        made[`h.${layer}.${name}.bias`] = f32(new Float32Array(outputs), [outputs]);
      }
      made[`h.${layer}.attn.bias`] = f32(new Float32Array(64 * 64), [1, 1, 64, 64]);
    }
    writeSafetensors(join(path, "model.safetensors"), made);
    const { model, layers, request } = await report(path);
    expect(model.linearParameters).toBe(2 * 12 * hidden * hidden);
    expect(model.parameters).toBe(2 * 12 * hidden * hidden + (vocabulary + 64) * hidden + 2 * 9 * hidden);
    expect(layers.find(({ name }) => name === "h.0.mlp.c_fc.weight")!.shape).toEqual([4 * hidden, hidden]);
    expect(request.contextTokens).toBe(64);
  });

  it("reads GGUF, and says that it is quantized already", async () => {
    const path = join(folder, "tiny.gguf");
    const blocks = Buffer.alloc((256 * 256 * 34) / 32);
    const uniform = gaussian(blocks.length, 5, 30);
    for (let i = 0; i < blocks.length; i++) blocks[i] = i % 34 === 0 ? 0 : i % 34 === 1 ? 0x1c : uniform[i]!;
    const bytes = gguf(1, 3)
      .word("general.architecture", "llama")
      .number("general.file_type", 7)
      .number("llama.block_count", 1)
      .tensor("blk.0.attn_q.weight", [256, 256], 8, 0)
      .pad()
      .raw(blocks)
      .bytes();
    writeFileSync(path, bytes);
    const { model, layers, headline } = await report(path, "--device", "H100");
    expect(model).toMatchObject({ dtype: "q8_0", parameters: 65536, alreadyQuantized: "q8_0" });
    expect(layers[0]!.name).toBe("blk.0.attn_q.weight");
    expect(headline).toMatch(/^Not for you: it is quantized already/);
  });

  it("names a file that is not there", async () => {
    await expect(quant(join(folder, "none.safetensors"))).rejects.toThrow(
      /none\.safetensors cannot be read: there is no such file/,
    );
  });

  it.each([
    [[], /Name one checkpoint/],
    [["a", "b"], /Name one checkpoint/],
    [[whole, "--device", "Voodoo 2"], /"Voodoo 2" are not known\. Known: cpu, .*H100/],
    [[whole, "--mode", "fast"], /--mode is sync or async/],
    [[whole, "--batch", "0"], /--batch takes a number from 1/],
    [[whole, "--batch", "1.5"], /whole number/],
    [[whole, "--context", "x"], /--context takes a number/],
    [[whole, "--language", "<script>"], /--language takes a code/],
    [[whole, "--frob"], /Unknown option|frob/],
  ])("refuses %j", async (args, why) => {
    await expect(quant(...args)).rejects.toThrow(why);
  });

  it("keeps what a file is called from driving the terminal", async () => {
    const path = join(folder, "odd");
    mkdirSync(path);
    writeFileSync(
      join(path, "config.json"),
      JSON.stringify({ ...config, _name_or_path: "\u001b[31mred\u001b[0m", architectures: ["Odd\u0007ForCausalLM"] }),
    );
    writeSafetensors(join(path, "model.safetensors"), {
      "a\u001b[2J.weight": tensors["model.layers.0.mlp.up_proj.weight"]!,
      ...tensors,
    });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these must not be there
    expect((await quant(path)).text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f]/);
  });
});

describe("the device that is asked for", () => {
  it("is this machine's GPUs where there are some, and its processor where not", () => {
    expect(quantDevice(undefined, () => ["NVIDIA H200", "NVIDIA H200"])).toMatchObject({
      name: "H200 SXM",
      count: 2,
      memoryBytes: 141e9,
    });
    expect(quantDevice(undefined, () => ["NVIDIA Something New"])).toMatchObject({
      name: "NVIDIA Something New",
      kind: "gpu",
      note: expect.stringContaining("not known"),
    });
    expect(quantDevice(undefined, () => [])).toMatchObject({
      count: 1,
      note: expect.stringContaining("--device NAME"),
    });
  });

  it("may be several of one kind, a processor or Apple", () => {
    expect(quantDevice("4x H100")).toMatchObject({ name: "H100 SXM5", count: 4 });
    expect(quantDevice("cpu")).toMatchObject({ kind: "cpu" });
    expect(quantDevice("Apple M3 Max")).toMatchObject({ kind: "apple", name: "Apple M3 Max" });
    expect(() => quantDevice("0x H100")).toThrow();
  });
});
