/** Calls inside a loop at which the program waits for its device. */
import type { PythonTree } from "./node";
import { outlineOf } from "./outlineBuilder";
import type { PythonParser } from "./parse";
import { decodePython } from "./text";

export interface SyncPoint {
  /** From 1. */
  readonly line: number;
  /** As written, without arguments: `loss.item()`. */
  readonly text: string;
}

/** Each copies from the device to the host, and the copy waits for all that came before it. */
const methods = /\.(item|cpu|numpy|tolist|nonzero)$|(^|\.)synchronize$/;
const mostPoints = 20;
const longestText = 60;

/**
 * `.item()`, `.cpu()`, `.numpy()`, `.tolist()`, `.nonzero()`, `synchronize()`, and `print` of something. A call under an
 * `if` counts too: whether it runs in every iteration a source cannot tell.
 * @param line of the loop, from 1
 * @param endLine inclusive
 */
export function syncPoints(tree: PythonTree, line: number, endLine: number): SyncPoint[] {
  const found: SyncPoint[] = [];
  for (const { node, path, arguments: given } of outlineOf(tree).calls) {
    if (node.line < line || node.line > endLine) continue;
    if (methods.test(path) || (path === "print" && given.length > 0)) {
      found.push({ line: node.line, text: `${path}()`.slice(-longestText) });
    }
  }
  return found.sort((a, b) => a.line - b.line).slice(0, mostPoints);
}

/** As `syncPoints`, from a file's bytes; nothing where they are no Python. */
export function syncPointsIn(parser: PythonParser, bytes: Uint8Array, line: number, endLine: number): SyncPoint[] {
  const text = decodePython(bytes);
  const tree = text.known ? parser.parse(text.value) : text;
  return tree.known ? syncPoints(tree.value, line, endLine) : [];
}
