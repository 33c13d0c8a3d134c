import { copyFileSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loopsCommand } from "../../../src/cli/loops";
import { WattlineError } from "../../../src/model/errors";

const require = createRequire(import.meta.url);
const folder = mkdtempSync(join(tmpdir(), "wattline-loops-"));
mkdirSync(join(folder, "grammars"));
for (const file of ["web-tree-sitter/web-tree-sitter.wasm", "@vscode/tree-sitter-wasm/wasm/tree-sitter-python.wasm"]) {
  copyFileSync(require.resolve(file), join(folder, "grammars", file.slice(file.lastIndexOf("/") + 1)));
}
const samples = join(import.meta.dirname, "../../fixtures/python");

async function loops(...args: string[]) {
  const said = { out: "", err: "" };
  const io = { stdout: (text: string) => (said.out += text), stderr: (text: string) => (said.err += text), env: {} };
  const code = await loopsCommand({ dist: folder }).run(args, io);
  return { code, ...said };
}

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const training = "import torch\nfor batch in loader:\n    loss.backward()\n    optimizer.step()\n";

describe("wattline loops", () => {
  it("answers in the published shape", async () => {
    const path = join(samples, "mnist_functions.py");
    const { code, out, err } = await loops(path, "--json");
    expect(code).toBe(0);
    expect(err).toBe("");
    const answer = JSON.parse(out) as { schema: string; files: { path: string; loops: Record<string, unknown>[] }[] };
    expect(answer.schema).toBe("wattline.loops/1");
    expect(answer.files.map((each) => each.path)).toEqual([path]);
    expect(answer.files[0]!.loops).toHaveLength(3);
    expect(answer.files[0]!.loops[0]).toMatchObject({
      line: 22,
      endLine: 30,
      kind: "training",
      level: "batch",
      framework: "pytorch",
    });
    for (const loop of answer.files[0]!.loops) expect(loop.confidence).toSatisfy((c: number) => c > 0.6 && c <= 1);
  });

  it("prints a table that fits 80 columns, with the call that tells", async () => {
    const { out } = await loops(join(samples, "nanogpt_train.py"), join(samples, "inference_script.py"));
    const [, heading, ...rows] = out.split("\n");
    expect(heading).toMatch(/Lines +Kind +Level +Framework +Sure +Because of/);
    expect(rows.some((row) => /89-\d+ +training +batch +pytorch +\d+ % +scaler\.step\(\)/.test(row))).toBe(true);
    const tables = out.split("\n").filter((row) => row.startsWith("  "));
    expect(Math.max(...tables.map((row) => row.length))).toBeLessThanOrEqual(80);
  });

  it("says so where there is none, and where a comment stands at nothing", async () => {
    const { code, out } = await loops(file("plain.py", "# wattline: loop\nx = 1\n"));
    expect(code).toBe(0);
    expect(out).toContain("No loop that trains, evaluates or infers was found");
    expect(out.replace(/\s+/g, " ")).toContain('Line 1: "# wattline: loop" stands at no loop');
  });

  it("keeps standard output to the JSON and puts notes on standard error", async () => {
    const path = file("broken.py", `x = (\n${training}`);
    const { out, err } = await loops(path, "--json");
    expect((JSON.parse(out) as { files: { loops: unknown[] }[] }).files[0]!.loops).toHaveLength(1);
    expect(err).toMatch(/broken\.py:\d+: .*could not be parsed/);
  });

  it.each<[string, () => string, RegExp]>([
    ["a missing file", () => join(folder, "nowhere.py"), /nowhere\.py cannot be read: there is no such file\.$/],
    ["a folder", () => folder, /cannot be read: it is no file/],
    ["a binary file", () => file("weights.py", new Uint8Array([80, 75, 0, 1])), /weights\.py .*binary/],
    ["text in no known encoding", () => file("latin.py", new Uint8Array([0x23, 0xe9, 0x0a])), /latin\.py .*not UTF-8/],
    ["a notebook", () => file("train.ipynb", '{"cells": []}'), /train\.ipynb .*notebook.*nbconvert/],
    ["another language", () => file("train.cpp", "int main() {}"), /train\.cpp .*not Python/],
    ["a file too large to parse", () => file("long.py", "x = 1\n".repeat(400_000)), /long\.py .*2,400,000 characters/],
    ["a file too large to read", () => file("huge.py", "x = 1\n".repeat(1_400_000)), /huge\.py has 8 MB/],
  ])("refuses %s with its name and the fault", async (_, path, sentence) => {
    const error = await loops(path()).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(WattlineError);
    expect((error as WattlineError).exitCode).toBe(2);
    expect((error as WattlineError).message).toMatch(sentence);
  });

  it("refuses to run without a file, and options it does not have", async () => {
    await expect(loops()).rejects.toThrow(/at least one Python file.\nUsage: wattline loops/);
    await expect(loops("--all", "x.py")).rejects.toThrow(/--all/);
  });

  it("reads what Python reads: a byte order mark, other line ends, a declared encoding, a script without a suffix", async () => {
    const latin = Buffer.from(`# -*- coding: latin-1 -*-\n# caf\u00e9\n${training}`, "latin1");
    const files = [
      file("bom.py", `\ufeff${training}`),
      file("crlf.py", training.replaceAll("\n", "\r\n")),
      file("cr.py", training.replaceAll("\n", "\r")),
      file("latin1.py", latin),
      file("script", `#!/usr/bin/env python3\n${training}`),
    ];
    const { out } = await loops(...files, "--json");
    const answer = JSON.parse(out) as { files: { loops: { line: number; endLine: number }[] }[] };
    const lines = answer.files.map((each) => each.loops.map(({ line, endLine }) => `${line}-${endLine}`).join());
    expect(lines).toEqual(["2-4", "2-4", "2-4", "4-6", "3-5"]);
  });
});
