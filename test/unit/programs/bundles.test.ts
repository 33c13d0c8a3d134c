/** What only the bundles can break: each command that loads the parser, the mathematics or a native library on its own. */
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { newFolder, recorder, start, wattline } from "./wattline";

describe("the command line that ships", () => {
  it("finds the training loop of a file with its own parser", async () => {
    const file = resolve("test/fixtures/python/pytorch_tutorial.py");
    const { code, stdout } = await wattline(["loops", file, "--json"]).ended;
    expect(code).toBe(0);
    const [{ loops }] = JSON.parse(stdout).files;
    expect(loops.map(({ kind }: { kind: string }) => kind)).toContain("training");
  });

  it("solves a pipeline", async () => {
    const file = resolve("test/fixtures/bloat/tiny_pipeline.json");
    const { code, stdout } = await wattline(["bloat", file, "--json"]).ended;
    expect(code).toBe(0);
    expect(JSON.parse(stdout).intrinsic.share).toBeGreaterThan(0);
  });

  it("has a sentence of usage for every command that it lists", async () => {
    const cwd = newFolder();
    const { stdout } = await wattline([], { cwd }).ended;
    const names = [...stdout.matchAll(/^ {2}([a-z]+) {2,}/gm)].map(([, name]) => name!);
    expect(names).toContain("gap");
    for (const name of names) {
      const help = await start([process.execPath, recorder, name, "--help"], { cwd }).ended;
      expect(help.code, name).toBe(0);
      expect(help.stdout, name).toContain(`Usage: wattline ${name}`);
    }
  });
});
