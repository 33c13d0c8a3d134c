import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { startVerify } from "../../../src/editor/panels/quant/verify";
import type { QuantReport } from "../../../src/model/quantization";
import { defaultRequest } from "../../../src/model/quantization";
import { hasPython } from "../analysis/quantization/python";
import { newFolder, recorder, wattline } from "./wattline";

const python = resolve(".venv/bin/python");
const text = "examples/data/coriolanus.txt";

describe.skipIf(!hasPython("torch", "transformers", "tokenizers"))("wattline quant --verify", () => {
  const model = newFolder();
  const data = join(newFolder(), "rest.txt");
  // One thread: PyTorch's others would wait for each other on a busy machine.
  const env = { OMP_NUM_THREADS: "1", MKL_NUM_THREADS: "1" };
  const verified = async (path: string, texts: string, ...args: string[]) => {
    const words = ["quant", path, "--verify", texts, "--python", python, "--device", "H100", "--json", ...args];
    const { code, stdout, stderr } = await wattline(words, { env }).ended;
    expect(code, stderr).toBe(0);
    return JSON.parse(stdout) as QuantReport;
  };
  const fault = async (path: string, texts: string) => {
    const { code, stdout, stderr } = await wattline(["quant", path, "--verify", texts, "--python", python], { env })
      .ended;
    expect(code).toBe(2);
    expect(stdout).toBe("");
    return stderr;
  };
  const digest = (folder: string) =>
    readdirSync(folder)
      .sort()
      .map(
        (name) =>
          `${name} ${createHash("sha256")
            .update(readFileSync(join(folder, name)))
            .digest("hex")}`,
      );

  beforeAll(() => {
    const program = resolve("test/fixtures/checkpoints/make_gpt2.py");
    execFileSync(python, [program, model, text, "150"], { env: { ...process.env, ...env }, stdio: "ignore" });
    const all = readFileSync(text, "utf8");
    writeFileSync(data, all.slice(Math.floor(all.length * 0.9)));
  }, 180_000);

  it("measures each format on the user's text, in the order of their scores, and writes nothing beside the model", async () => {
    const before = digest(model);
    const { verify, formats, layers } = await verified(model, data, "--samples", "80");
    expect(digest(model)).toEqual(before);
    expect(verify).toMatchObject({
      metric: "perplexity",
      unit: "token",
      samples: 80,
      tokens: 80 * 63,
      computedIn: "float32",
    });
    expect(layers).toHaveLength(8);
    expect(verify!.baseline).toBeLessThan(20);
    const sqnr = (name: string) => formats.find(({ format }) => format === name)!.sqnrDb!;
    const rows = verify!.formats.filter(({ mixed }) => mixed === undefined);
    expect(rows.length).toBeGreaterThanOrEqual(7);
    for (const better of rows) {
      expect(better.interval[0]).toBeLessThanOrEqual(better.change);
      expect(better.interval[1]).toBeGreaterThanOrEqual(better.change);
      for (const worse of rows) {
        // Those that are far apart in score differ as it says: in first choices, which tell more than loss does.
        if (sqnr(better.format) - sqnr(worse.format) > 6)
          expect(better.agreement!, `${better.format} and ${worse.format}`).toBeGreaterThan(worse.agreement!);
      }
    }
    const int8 = rows.find(({ format }) => format === "int8-channel")!;
    expect(Math.abs(int8.change / verify!.baseline)).toBeLessThan(0.005);
    expect(int8.agreement).toBeGreaterThan(0.97);
    // torch has 8-bit kernels for the processor: both variants were run.
    expect(int8.timePerTokenS).toBeGreaterThan(0);
    expect(int8.timeRatioInterval![0]).toBeLessThanOrEqual(int8.timeRatio!);
    expect(rows.find(({ format }) => format === "int4-g32")!.notMeasured).toMatch(/no kernel/);
  }, 300_000);

  it("finds fewer than 4 bits worse than 4, and prints one table", async () => {
    const words = ["quant", model, "--verify", data, "--python", python, "--below-4-bit", "--samples", "40"];
    const { code, stdout, stderr } = await wattline(words, { env }).ended;
    expect(code, stderr).toBe(0);
    const table = stdout.slice(stdout.indexOf("Measured on your data: 40 samples"));
    const agreement = (format: string) => Number(new RegExp(`^${format} .*?(\\d+\\.\\d) %  `, "m").exec(table)![1]);
    expect(agreement("int2-g128")).toBeLessThan(agreement("int4-g32"));
    expect(table).not.toMatch(/undefined|NaN|null/);
    expect(stderr).not.toMatch(/Traceback|wattline"/);
  }, 300_000);

  it("counts right answers of a classifier on labelled lines", async () => {
    const folder = newFolder();
    const make = `
import sys, torch
from transformers import GPT2Config, GPT2ForSequenceClassification
torch.manual_seed(0)
config = GPT2Config.from_pretrained(sys.argv[1]); config.num_labels = 2; config.id2label = {0: "no", 1: "yes"}; config.label2id = {"no": 0, "yes": 1}; config.pad_token_id = 0
GPT2ForSequenceClassification(config).save_pretrained(sys.argv[2])
`;
    execFileSync(python, ["-c", make, model, folder], { env: { ...process.env, ...env }, stdio: "ignore" });
    for (const name of ["tokenizer.json", "tokenizer_config.json"]) cpSync(join(model, name), join(folder, name));
    const lines = join(folder, "lines.jsonl");
    const rows = ["the king", "a citizen", "war", "peace and corn"].map((words, i) => ({
      text: words,
      label: i % 2 ? "yes" : 0,
    }));
    writeFileSync(lines, rows.map((row) => JSON.stringify(row)).join("\n"));
    const { verify } = await verified(folder, lines);
    expect(verify).toMatchObject({ metric: "accuracy", unit: "sample", samples: 4 });
    expect(verify!.formats.every(({ value, agreement }) => value >= 0 && value <= 1 && agreement! <= 1)).toBe(true);
  }, 300_000);

  describe("from the panel", () => {
    const own = {
      argv: (...words: string[]): [string, ...string[]] => [process.execPath, recorder, ...words],
      env: () => ({ ...env, WATTLINE_RUNTIME_DIR: newFolder(), WATTLINE_STATE_DIR: newFolder() }),
    };
    const question = { path: model, data, python, device: "H100", request: defaultRequest("sync", 64) };

    it("says how far it is, and answers what the command line does", async () => {
      const told: (string | number)[] = [];
      const running = startVerify(question, own, (text, share) => told.push(text ?? share ?? ""));
      const answer = await running.done;
      expect(answer).toMatchObject({ metric: "perplexity", samples: 64 });
      const shares = told.filter((each) => typeof each === "number");
      expect(shares.at(-1)).toBe(1);
      expect(shares).toEqual([...shares].sort((a, b) => a - b));
      expect(told).toContain("Measuring the model as it is");
    }, 300_000);

    it("can be cancelled, and hands on the sentence of a failure", async () => {
      const running = startVerify(question, own, (text) => text !== undefined && running.cancel());
      await expect(running.done).rejects.toThrow("The verification was cancelled.");
      const missing = startVerify({ ...question, data: "/none.txt" }, own, () => {});
      await expect(missing.done).rejects.toThrow(/none\.txt cannot be read: there is no such file\./);
    }, 120_000);
  });

  it("loads no pickle and runs no code of the model's own", async () => {
    const folder = newFolder();
    cpSync(model, folder, { recursive: true });
    const config = JSON.parse(readFileSync(join(folder, "config.json"), "utf8")) as Record<string, unknown>;
    const ownCode = {
      ...config,
      model_type: "mine",
      auto_map: { AutoConfig: "evil.Config", AutoModelForCausalLM: "evil.Model" },
    };
    writeFileSync(join(folder, "evil.py"), "import os\nos.mkdir('was-run')\n");
    writeFileSync(join(folder, "config.json"), JSON.stringify(ownCode));
    expect(await fault(folder, data)).toMatch(/transformers cannot read/);
    expect(readdirSync(folder)).not.toContain("was-run");

    const pickles = newFolder();
    mkdirSync(join(pickles, "p"));
    cpSync(model, join(pickles, "p"), { recursive: true });
    renameSync(join(pickles, "p/model.safetensors"), join(pickles, "p/pytorch_model.bin"));
    expect(await fault(join(pickles, "p"), data)).toMatch(/no weights here/);
    rmSync(join(pickles, "p/config.json"));
    expect(await fault(join(pickles, "p"), data)).toMatch(/is a pickle file, and reading one runs the code in it/);
  }, 120_000);

  it("says what a folder lacks", async () => {
    const folder = newFolder();
    cpSync(join(model, "model.safetensors"), join(folder, "model.safetensors"));
    expect(await fault(folder, data)).toMatch(/has no config\.json: --verify loads the model with transformers/);
    cpSync(join(model, "config.json"), join(folder, "config.json"));
    expect(await fault(folder, data)).toMatch(/has no tokenizer \(tokenizer\.json/);
    expect(await fault(model, join(folder, "none.txt"))).toMatch(/none\.txt cannot be read: there is no such file/);
  }, 120_000);
});
