import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { resolveModel } from "../../../../src/store/checkpoint/resolve";
import { temporaryFolder } from "../../../fixtures/checkpoints/make";

const folder = temporaryFolder();
const model = join(folder, "models", "m");
mkdirSync(model, { recursive: true });
writeFileSync(join(model, "config.json"), "{}");
mkdirSync(join(folder, "bert"));
writeFileSync(join(folder, "a.gguf"), "");

const commit = "0123456789abcdef0123456789abcdef01234567";
const hub = join(folder, "hub");
const snapshot = join(hub, "models--org--name", "snapshots", commit);
mkdirSync(snapshot, { recursive: true });
mkdirSync(join(hub, "models--org--name", "refs"));
writeFileSync(join(hub, "models--org--name", "refs", "main"), commit);
mkdirSync(join(hub, "models--org--bad", "refs"), { recursive: true });
writeFileSync(join(hub, "models--org--bad", "refs", "main"), "../../..");
const env = { HF_HUB_CACHE: hub };

describe("what a program calls a model", () => {
  it("is a path from its own folder, from the workspace's, or from the root", () => {
    expect(resolveModel("models/m", ["/nowhere", folder], env)).toBe(model);
    expect(resolveModel("./a.gguf", [folder], env)).toBe(join(folder, "a.gguf"));
    expect(resolveModel(model, [], env)).toBe(model);
  });

  it("is a name on the hub where the local cache has it", () => {
    expect(resolveModel("org/name", [folder], env)).toBe(snapshot);
    expect(resolveModel("org/name", [folder], { HF_HOME: folder })).toBe(snapshot);
  });

  it.each([
    "org/other",
    "bert",
    "",
    "none.gguf",
    "https://example.org/m",
    "org/bad",
    "../..",
    "..",
    "a\0b",
    "org/../name",
  ])("is nothing here: %j", (name) => {
    expect(resolveModel(name, [folder], env)).toBeUndefined();
  });
});
