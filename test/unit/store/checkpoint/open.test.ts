import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { configOf } from "../../../../src/store/checkpoint/config";
import { localGpuNames } from "../../../../src/store/checkpoint/localGpus";
import { openCheckpoint } from "../../../../src/store/checkpoint/open";
import { temporaryFolder, tinyLlama, writeSafetensors } from "../../../fixtures/checkpoints/make";

const folder = temporaryFolder();
const sub = (name: string, files: Readonly<Record<string, string | Uint8Array>>): string => {
  const path = join(folder, name);
  mkdirSync(path);
  for (const [file, content] of Object.entries(files)) writeFileSync(join(path, file), content);
  return path;
};

describe("what a user names", () => {
  it("may be a folder, its config.json or its safetensors file", () => {
    const { tensors, config } = tinyLlama();
    const path = sub("whole", { "config.json": JSON.stringify(config) });
    writeSafetensors(join(path, "model.safetensors"), tensors);
    for (const name of [path, join(path, "config.json"), join(path, "model.safetensors")]) {
      expect(openCheckpoint(name)).toMatchObject({
        kind: "safetensors",
        config: { layers: 4, architecture: "LlamaForCausalLM" },
      });
    }
  });

  it.each(["model.pt", "pytorch_model.bin", "a.pkl", "b.ckpt", "c.pth"])(
    "%s is never unpickled, and the way to convert it is named",
    (name) => {
      const path = join(sub(`pickle-${name}`, { [name]: "cos\nsystem\n(S'touch /tmp/pwned'\ntR." }), name);
      expect(() => openCheckpoint(path)).toThrow(/pickle file[\s\S]*never does[\s\S]*safetensors/);
      expect(() => openCheckpoint(join(path, ".."))).toThrow(/pickle file/);
    },
  );

  it("is a pickle by its first bytes too", () => {
    for (const head of [Uint8Array.of(0x80, 2, 0x7d), Buffer.from("PK\x03\x04rest of a torch file")]) {
      writeFileSync(join(folder, "weights"), head);
      expect(() => openCheckpoint(join(folder, "weights"))).toThrow(/pickle file/);
    }
  });

  it("that is a pipe is refused at once", () => {
    const path = join(folder, "pipe.safetensors");
    execFileSync("mkfifo", [path]);
    expect(() => openCheckpoint(path)).toThrow(/no regular file/);
  });

  it("that is not there, or holds no model, is said so", () => {
    expect(() => openCheckpoint(join(folder, "gone"))).toThrow(/no such file or folder/);
    expect(() => openCheckpoint(sub("empty", {}))).toThrow(/no \.safetensors, no \.gguf and no config\.json/);
    expect(() => openCheckpoint(sub("two", { "a.safetensors": "", "b.safetensors": "" }))).toThrow(/several models/);
    expect(() => openCheckpoint(sub("part", { "model-00001-of-00002.safetensors": "" }))).toThrow(/1 of 2 parts/);
    expect(() => openCheckpoint(join(sub("other", { "notes.txt": "hello there, world" }), "notes.txt"))).toThrow(
      /no safetensors file, no GGUF/,
    );
  });

  it.each([
    ["no JSON", "{", "ends too early"],
    ["no object", "[1]", "no object"],
    ["nested without end", "[".repeat(1e6), "nested too deep"],
  ])("a config.json that is %s is refused by name", (_, text, fault) => {
    const path = sub(`config-${fault.replaceAll(" ", "-")}`, { "config.json": text });
    expect(() => openCheckpoint(path)).toThrow(new RegExp(`config\\.json cannot be read: .*${fault}`));
  });
});

describe("config.json", () => {
  it("is read with GPT-2's names", () => {
    expect(
      configOf({ model_type: "gpt2", n_embd: 768, n_layer: 12, n_head: 12, n_positions: 1024, vocab_size: 50257 }),
    ).toMatchObject({
      hiddenSize: 768,
      layers: 12,
      kvHeads: 12,
      headSize: 64,
      intermediateSize: 3072,
      maxContext: 1024,
      transposedLinear: true,
      gatedFeedForward: false,
    });
  });

  it("is read through text_config, with experts, windows, latent attention and what was quantized before", () => {
    const config = configOf({
      architectures: ["XForConditionalGeneration"],
      text_config: {
        hidden_size: 64,
        num_hidden_layers: 4,
        num_attention_heads: 4,
        num_key_value_heads: 2,
        head_dim: 32,
        layer_types: ["sliding_attention", "full_attention", "sliding_attention", "full_attention"],
        sliding_window: 128,
      },
      num_local_experts: 8,
      num_experts_per_tok: 2,
      kv_lora_rank: 512,
      qk_rope_head_dim: 64,
      quantization_config: { quant_method: "gptq", bits: 4, group_size: 128 },
    });
    expect(config).toMatchObject({
      headSize: 32,
      kvHeads: 2,
      slidingLayers: 2,
      slidingWindow: 128,
      experts: 8,
      expertsPerToken: 2,
      latentKvSize: 576,
      quantized: { method: "gptq", bits: 4 },
    });
  });

  it("with values of wrong kinds leaves them unknown", () => {
    expect(
      configOf({
        hidden_size: "x",
        num_hidden_layers: -1,
        vocab_size: 1e300,
        num_attention_heads: {},
        __proto__: null,
        architectures: "Llama",
      }),
    ).toEqual({});
  });
});

describe("this machine's GPUs", () => {
  it("are named as the driver's files name them, and there are none without a driver", () => {
    const root = join(folder, "proc");
    mkdirSync(join(root, "0000:01:00.0"), { recursive: true });
    writeFileSync(join(root, "0000:01:00.0", "information"), "Model: \t\t NVIDIA H200\nIRQ:   1\n");
    expect(localGpuNames(root)).toEqual(["NVIDIA H200"]);
    expect(localGpuNames(join(folder, "none"))).toEqual([]);
  });
});
