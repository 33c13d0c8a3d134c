/**
 * A Python syntax tree as plain objects. Asking tree-sitter for one node costs a call into WebAssembly; rules look at the
 * same nodes many times, so the tree is copied once (about half a microsecond a node) and its memory given back.
 */
import type { Tree } from "web-tree-sitter";

export interface PyNode {
  /** The grammar's name, `for_statement` and the like; `ERROR` for what could not be parsed. */
  readonly type: string;
  /** Its role in its parent (`body`, `right`, `function`), empty where the grammar names none. */
  readonly field: string;
  /** UTF-16 offsets into the text, end exclusive. */
  readonly start: number;
  readonly end: number;
  /** From 1. */
  readonly line: number;
  /** Inclusive, from 1. */
  readonly endLine: number;
  /** Named children only: punctuation and keywords are left out. */
  readonly children: readonly PyNode[];
}

/** What a file is to the rules. */
export interface PythonTree {
  /** What was parsed: the file, or, where it has errors, the file mended. Lines are the file's. */
  readonly text: string;
  readonly root: PyNode;
  readonly comments: readonly PyNode[];
  /** The first line that is not Python, from 1; absent where all was parsed. */
  readonly errorLine?: number;
}

/**
 * Python itself refuses expressions nested this deep; what lies deeper is left out, so that no function that follows the
 * tree by recursion can exhaust the stack.
 */
const deepest = 600;

/** Their insides hold nothing for the rules and, in a file with tables of text, most of the nodes. */
const opaque = new Set(["string", "concatenated_string", "comment", "type"]);

interface Growing {
  readonly type: string;
  readonly field: string;
  readonly start: number;
  readonly end: number;
  readonly line: number;
  readonly endLine: number;
  readonly children: PyNode[];
}

/** @param text what `tree` was parsed from */
export function copyTree(tree: Tree, text: string): PythonTree {
  const cursor = tree.walk();
  const comments: PyNode[] = [];
  const fields = tree.language.fields;
  const types = tree.language.types;
  const starts = lineStarts(text);
  const hasError = tree.rootNode.hasError;
  let errorLine: number | undefined;

  const copy = (): Growing => {
    const start = cursor.startIndex;
    const end = cursor.endIndex;
    return {
      type: types[cursor.nodeTypeId] ?? "ERROR",
      field: fields[cursor.currentFieldId] ?? "",
      start,
      end,
      line: lineAt(starts, start),
      // A node that ends at the start of a line ends with the line before.
      endLine: lineAt(starts, Math.max(start, end - 1)),
      children: [],
    };
  };

  try {
    const root = copy();
    if (root.type === "ERROR") errorLine = root.line;
    const parents = [root];
    // Position of the cursor: `parents` are the nodes above it; `depth` counts those that were left out as well.
    if (!cursor.gotoFirstChild()) return { text, root, comments };
    for (;;) {
      let inside = false;
      if (hasError && cursor.nodeIsMissing) errorLine ??= lineAt(starts, cursor.startIndex);
      if (cursor.nodeIsNamed) {
        const node = copy();
        if (node.type === "comment") comments.push(node);
        else parents.at(-1)!.children.push(node);
        if (node.type === "ERROR") errorLine ??= node.line;
        if (parents.length < deepest && !opaque.has(node.type) && cursor.gotoFirstChild()) {
          parents.push(node);
          inside = true;
        }
      }
      if (inside) continue;
      while (!cursor.gotoNextSibling()) {
        parents.pop();
        if (parents.length === 0 || !cursor.gotoParent()) {
          return { text, root, comments, ...(errorLine !== undefined && { errorLine }) };
        }
      }
    }
  } finally {
    cursor.delete();
  }
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}

/** The line of an offset, from 1: asking the cursor for it costs more than this search. */
function lineAt(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (starts[middle]! <= offset) low = middle;
    else high = middle;
  }
  return low + 1;
}

/** The child in a role: `child(forStatement, "body")`. */
export function child(node: PyNode, field: string): PyNode | undefined {
  return node.children.find((candidate) => candidate.field === field);
}
