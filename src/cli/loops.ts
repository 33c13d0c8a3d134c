import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { badArguments, fileTooLarge, malformedFile } from "../model/errors";
import type { Installation } from "../recording/paths";
import { findLoops } from "../source/findLoops";
import type { FoundLoops } from "../source/loop";
import { longestTextCharacters, openPythonParser, type PythonParser } from "../source/parse";
import { decodePython, notPython } from "../source/text";
import { parse, takeJson } from "./arguments";
import type { Command } from "./command";
import { printable, table, wrap } from "./table";

const usage = "wattline loops FILE… [--json]";

/** Four bytes a character at most, so that nothing larger is read into memory. */
const longestBytes = 4 * longestTextCharacters;

export const loopsCommand = ({ dist }: Pick<Installation, "dist">): Command => ({
  name: "loops",
  summary: "list the loops of Python files that train, evaluate or infer",
  usage,
  async run(args, io) {
    const { json, rest } = takeJson(args);
    const { positionals } = parse(rest, {}, usage);
    if (positionals.length === 0) throw badArguments("loops needs at least one Python file.", usage);
    const parser = await openPythonParser((file) => readFile(join(dist, "grammars", file)));
    const files: { path: string; found: FoundLoops }[] = [];
    for (const path of positionals) files.push({ path, found: await loopsOf(path, parser) });
    for (const { path, found } of json ? files : []) {
      for (const { line, message } of found.notes) io.stderr(`${printable(path)}:${line}: ${printable(message)}\n`);
    }
    io.stdout(json ? `${JSON.stringify(answer(files), undefined, 2)}\n` : `${files.map(loopsTable).join("\n\n")}\n`);
    return 0;
  },
});

/** Schema `wattline.loops/1`. */
function answer(files: readonly { path: string; found: FoundLoops }[]) {
  return { schema: "wattline.loops/1", files: files.map(({ path, found }) => ({ path, ...found })) };
}

/** @throws WattlineError that names the file and what is wrong with it */
async function loopsOf(path: string, parser: PythonParser): Promise<FoundLoops> {
  const text = decodePython(await bytesOf(path));
  if (!text.known) throw malformedFile(path, text.reason);
  const fault = notPython(path, text.value);
  if (fault !== undefined) throw malformedFile(path, fault);
  const tree = parser.parse(text.value);
  if (!tree.known) throw malformedFile(path, tree.reason);
  return findLoops(tree.value);
}

async function bytesOf(path: string): Promise<Uint8Array> {
  try {
    const { size, isFile } = await stat(path).then((found) => ({ size: found.size, isFile: found.isFile() }));
    if (!isFile) throw malformedFile(path, "it is no file; name the Python files themselves");
    if (size > longestBytes) throw fileTooLarge(path, size, longestBytes);
    return await readFile(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    const faults: Record<string, string> = { ENOENT: "there is no such file", EACCES: "it may not be read" };
    throw malformedFile(path, faults[code] ?? `the system says ${code}`);
  }
}

/** What people read, at most 80 columns wide. */
export function loopsTable({ path, found }: { path: string; found: FoundLoops }): string {
  const rows = found.loops.map((loop) => [
    loop.line === loop.endLine ? String(loop.line) : `${loop.line}-${loop.endLine}`,
    loop.kind,
    loop.level,
    loop.framework,
    `${Math.round(loop.confidence * 100)} %`,
    shorten(printable(loop.evidence[0]?.text ?? "marked by a comment")),
  ]);
  const heading = ["Lines", "Kind", "Level", "Framework", "Sure", "Because of"];
  const parts = [
    printable(path),
    rows.length === 0
      ? wrap(
          "No loop that trains, evaluates or infers was found. A comment `# wattline: loop` on the line above one names it.",
          80,
          "  ",
        )
      : table([heading, ...rows], ["left", "left", "left", "left", "right", "left"]).replace(/^/gm, "  "),
    ...found.notes.map(({ line, message }) => wrap(`Line ${line}: ${printable(message)}`, 80, "  ")),
  ];
  return parts.join("\n");
}

/** The end of a long callee is what tells. 22 columns are what the others leave of 80. */
function shorten(text: string): string {
  const characters = [...text];
  return characters.length <= 22 ? text : `…${characters.slice(-21).join("")}`;
}
