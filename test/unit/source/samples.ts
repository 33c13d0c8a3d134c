/** Python sources for tests of `source`: the sample programs, and a parser over the grammar that ships. */
import { readdirSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { findLoops } from "../../../src/source/findLoops";
import type { FoundLoops } from "../../../src/source/loop";
import { openPythonParser, wasmFiles } from "../../../src/source/parse";

const require = createRequire(import.meta.url);
const wasmPaths: Record<string, string> = {
  [wasmFiles.runtime]: require.resolve("web-tree-sitter/web-tree-sitter.wasm"),
  [wasmFiles.python]: require.resolve("@vscode/tree-sitter-wasm/wasm/tree-sitter-python.wasm"),
};

export const loadWasm = (file: string): Promise<Uint8Array> => readFile(wasmPaths[file]!);
export const parser = await openPythonParser(loadWasm);

const folder = join(import.meta.dirname, "../../fixtures/python");
export const samples = readdirSync(folder)
  .filter((name) => name.endsWith(".py"))
  .map((name) => ({ name, path: join(folder, name), text: readFileSync(join(folder, name), "utf8") }));

export function loopsOf(text: string): FoundLoops {
  const tree = parser.parse(text);
  if (!tree.known) throw new Error(tree.reason);
  return findLoops(tree.value);
}

/** One loop a line, as the expectations are written: `12 training batch pytorch`. */
export function told(text: string): string[] {
  return loopsOf(text).loops.map(
    ({ line, kind, level, framework, confidence }) =>
      `${line} ${kind} ${level} ${framework}${confidence < 0.6 ? " (unsure)" : ""}`,
  );
}

/** What the `# expect:` comments of a sample say. */
export function expected(text: string): string[] {
  return text.split("\n").flatMap((row, index) => {
    const [, unsure, words] = /# expect(~?): (.+)$/.exec(row) ?? [];
    return words === undefined ? [] : [`${index + 1} ${words}${unsure ? " (unsure)" : ""}`];
  });
}
