import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as esbuild from "esbuild";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { longestTextCharacters, wasmFiles } from "../../../src/source/parse";
import { parser, samples } from "./samples";

const root = join(import.meta.dirname, "../../..");
const require = createRequire(import.meta.url);

const { nodeOptions } = (await import(join(root, "esbuild.mjs"))) as { nodeOptions: esbuild.BuildOptions };

describe("the Python parser", () => {
  it("refuses a text that is too long, with its length", () => {
    const answer = parser.parse("#".repeat(longestTextCharacters + 1));
    expect(answer).toEqual({ known: false, reason: expect.stringMatching(/2,000,001 characters/) as string });
    expect(parser.parse("#".repeat(longestTextCharacters)).known).toBe(true);
  });

  it("gives an edited text the tree of a fresh one", () => {
    const piece = fc.constantFrom("x", "\n", "    ", "for a in b:\n", "(", ")", '"', "é", "🔥", "# c\n", "");
    const edit = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(30), piece);
    fc.assert(
      fc.property(fc.constantFrom(...samples), fc.array(edit, { maxLength: 6 }), ({ text: first }, edits) => {
        const document = parser.open();
        let text = first;
        document.update(text);
        for (const [at, removed, inserted] of edits) {
          const start = Math.floor(at * text.length);
          text = text.slice(0, start) + inserted + text.slice(start + removed);
          const updated = document.update(text);
          // Recovery from errors may differ with history; without errors there is one tree.
          const fresh = parser.parse(text);
          if (fresh.known && fresh.value.errorLine === undefined) expect(updated).toEqual(fresh);
          else expect(updated.known).toBe(true);
        }
        document.dispose();
      }),
      { numRuns: 60 },
    );
  });

  it("says where a text stops being Python", () => {
    const errorLine = (text: string) => {
      const answer = parser.parse(text);
      return answer.known ? answer.value.errorLine : "unknown";
    };
    expect(errorLine("x = 1\n")).toBeUndefined();
    expect(errorLine("")).toBeUndefined();
    expect(errorLine("x = 1\ny = = 2\n")).toBe(2);
  });

  it("tries again after its files could not be loaded", async () => {
    // A bundle has a runtime of its own, so the failure here cannot disturb the parser of the other tests.
    const program = await bundle(
      `const { openPythonParser } = require("./source");
       const { readFile } = require("node:fs/promises");
       (async () => {
         const first = await openPythonParser(async () => { throw new Error("no such file"); }).catch((e) => e.message);
         const parser = await openPythonParser((name) => readFile(__dirname + "/" + name));
         console.log(first, parser.parse("x").known);
       })();`,
    );
    expect(execFileSync(process.execPath, [program], { encoding: "utf8" }).trim()).toBe("no such file true");
  });

  it("works bundled as minified CommonJS, as the build bundles the extension and the recorder", async () => {
    const program = await bundle(
      `const { openPythonParser, findLoops } = require("./source");
       const { readFile } = require("node:fs/promises");
       (async () => {
         const parser = await openPythonParser((name) => readFile(__dirname + "/" + name));
         const tree = parser.parse("import torch\\nfor x in y:\\n  loss.backward()\\n  optimizer.step()\\n");
         console.log(JSON.stringify(findLoops(tree.value).loops.map(({ line, kind }) => [line, kind])));
       })();`,
    );
    expect(execFileSync(process.execPath, [program], { encoding: "utf8" }).trim()).toBe('[[2,"training"]]');
  });
});

/** Bundles `source` as CommonJS beside the WebAssembly, with a program that uses it. Returns the program's path. */
async function bundle(program: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "wattline-bundle-"));
  await esbuild.build({
    ...nodeOptions,
    minify: true,
    sourcemap: false,
    stdin: {
      contents:
        'export { findLoops } from "./src/source/findLoops"; export { openPythonParser } from "./src/source/parse";',
      resolveDir: root,
      loader: "ts",
    },
    outfile: join(folder, "source.js"),
  });
  copyFileSync(require.resolve("web-tree-sitter/web-tree-sitter.wasm"), join(folder, wasmFiles.runtime));
  copyFileSync(
    require.resolve("@vscode/tree-sitter-wasm/wasm/tree-sitter-python.wasm"),
    join(folder, wasmFiles.python),
  );
  writeFileSync(join(folder, "main.js"), program);
  return join(folder, "main.js");
}
