/**
 * Python source to a syntax tree: the one place that knows tree-sitter.
 *
 * Opening takes about 15 ms (two WebAssembly modules of 0.7 MB together) and is done when the first file is looked at,
 * not at activation. Parsing takes about 5 ms a thousand lines; a `PythonDocument` keeps its tree, so that an edit costs
 * the edited part. A syntax error is no failure: the parser goes on behind it, see also mend.ts.
 */
import { Edit, Language, Parser, type Point, type Tree } from "web-tree-sitter";
import { type Answer, known, unknown } from "../model/answer";
import { mend } from "./mend";
import { copyTree, type PythonTree } from "./node";

/** The files that `load` is asked for; the build puts them into dist/grammars. */
export const wasmFiles = { runtime: "web-tree-sitter.wasm", python: "tree-sitter-python.wasm" } as const;

/** Longer files are data that happen to be Python; 2 million characters are 50,000 lines. */
export const longestTextCharacters = 2_000_000;

export interface PythonParser {
  /** Parses a whole text. Unknown, with the reason, where it is too long or too tangled. */
  parse(text: string): Answer<PythonTree>;
  /** A text that will be edited: each `update` reuses the tree of the one before. */
  open(): PythonDocument;
  /** Gives memory back; documents that are open become unusable. */
  dispose(): void;
}

export interface PythonDocument {
  /** The tree of a new version of the text; what changed is found by comparing both ends with the version before. */
  update(text: string): Answer<PythonTree>;
  dispose(): void;
}

/** One runtime a process, however many parsers; a failed start is tried again by the next caller. */
let runtime: Promise<Language> | undefined;

/**
 * @param load gives the bytes of one of `wasmFiles`, for instance `(name) => readFile(join(grammars, name))`
 * @throws what `load` throws, and CompileError where the bytes are no WebAssembly
 */
export async function openPythonParser(load: (file: string) => Promise<Uint8Array>): Promise<PythonParser> {
  runtime ??= start(load).catch((error: unknown) => {
    runtime = undefined;
    throw error;
  });
  const language = await runtime;
  const parser = new Parser();
  parser.setLanguage(language);
  return {
    parse(text) {
      return withTree(parser, parse(parser, text), text, (tree) => tree.delete());
    },
    open: () => openDocument(parser),
    dispose: () => parser.delete(),
  };
}

async function start(load: (file: string) => Promise<Uint8Array>): Promise<Language> {
  const [runtimeBytes, pythonBytes] = await Promise.all([load(wasmFiles.runtime), load(wasmFiles.python)]);
  // Given the bytes, the runtime looks for no file of its own and asks for no address of this module.
  await Parser.init({ wasmBinary: runtimeBytes });
  return Language.load(pythonBytes);
}

function openDocument(parser: Parser): PythonDocument {
  let last: { tree: Tree; text: string } | undefined;
  return {
    update(text) {
      if (last !== undefined && last.text !== text) last.tree.edit(difference(last.text, text));
      const parsed = parse(parser, text, last?.tree);
      last?.tree.delete();
      last = parsed.known ? { tree: parsed.value, text } : undefined;
      return withTree(parser, parsed, text, () => {});
    },
    dispose() {
      last?.tree.delete();
      last = undefined;
    },
  };
}

function withTree(parser: Parser, parsed: Answer<Tree>, text: string, done: (tree: Tree) => void): Answer<PythonTree> {
  if (!parsed.known) return parsed;
  try {
    const tree = copyTree(parsed.value, text);
    return known(tree.errorLine === undefined ? tree : mended(parser, tree));
  } finally {
    done(parsed.value);
  }
}

/** The tree of a text with errors after its brackets were closed, if that helps. */
function mended(parser: Parser, tree: PythonTree): PythonTree {
  const text = mend(tree.text);
  const parsed = text === tree.text ? undefined : parse(parser, text);
  if (!parsed?.known) return tree;
  const better = copyTree(parsed.value, text);
  parsed.value.delete();
  return { ...better, errorLine: tree.errorLine! };
}

/**
 * tree-sitter asks after every hundred steps whether to go on; a plain file takes about one question for 20 characters.
 * Text made to be ambiguous takes far more: it is given up by count, which, unlike a clock, answers the same every time.
 */
const questionsACharacter = 4;

function parse(parser: Parser, text: string, old?: Tree): Answer<Tree> {
  if (text.length > longestTextCharacters) {
    return unknown(
      `it has ${text.length.toLocaleString("en")} characters, and loops are looked for in files of at most ` +
        `${longestTextCharacters.toLocaleString("en")}`,
    );
  }
  let questions = 10_000 + text.length * questionsACharacter;
  const tree = parser.parse(text, old, { progressCallback: () => --questions < 0 });
  if (tree !== null) return known(tree);
  parser.reset();
  return unknown("its syntax is too tangled to be parsed in reasonable time");
}

/** The one replacement that turns `before` into `after`. */
function difference(before: string, after: string): Edit {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before.charCodeAt(start) === after.charCodeAt(start)) start++;
  let tail = 0;
  while (
    tail < shorter - start &&
    before.charCodeAt(before.length - 1 - tail) === after.charCodeAt(after.length - 1 - tail)
  ) {
    tail++;
  }
  return new Edit({
    startIndex: start,
    oldEndIndex: before.length - tail,
    newEndIndex: after.length - tail,
    startPosition: pointAt(before, start),
    oldEndPosition: pointAt(before, before.length - tail),
    newEndPosition: pointAt(after, after.length - tail),
  });
}

function pointAt(text: string, index: number): Point {
  let row = 0;
  let lineStart = 0;
  for (let at = text.indexOf("\n"); at !== -1 && at < index; at = text.indexOf("\n", at + 1)) {
    row++;
    lineStart = at + 1;
  }
  return { row, column: index - lineStart };
}
