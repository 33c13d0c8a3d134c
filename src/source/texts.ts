/** The text that an expression has, where the file itself says so: literals, names of them, paths that are joined. */

import { lookUp, type Names } from "./names";
import type { PyNode } from "./node";
import type { Outline, Scope } from "./outline";

const deepest = 20;
const longest = 4096;

/** @returns undefined where it is made at run time, or where a name may be several things */
export function textValue(
  node: PyNode | undefined,
  scope: Scope,
  outline: Outline,
  names: Names,
  depth = 0,
): string | undefined {
  if (node === undefined || depth > deepest) return undefined;
  const of = (inner: PyNode | undefined, where = scope) => textValue(inner, where, outline, names, depth + 1);
  const joined = (parts: readonly (string | undefined)[], separator: string) => {
    if (parts.length === 0 || parts.some((part) => part === undefined)) return undefined;
    const text = parts.join(separator);
    return text.length > longest ? undefined : text;
  };
  switch (node.type) {
    case "string":
      return literal(outline.textOf(node));
    case "parenthesized_expression":
      return of(node.children[0]);
    case "identifier": {
      const bindings = lookUp(outline.textOf(node), scope);
      const [only] = bindings;
      if (bindings.length !== 1 || only?.kind !== "value" || only.index !== undefined) return undefined;
      return of(only.value, only.scope);
    }
    case "binary_operator": {
      const [left, right] = node.children;
      const operator = left && right && outline.tree.text.slice(left.end, right.start).trim();
      if (operator === "+") return joined([of(left), of(right)], "");
      return operator === "/" ? joined([of(left), of(right)], "/") : undefined;
    }
    case "call": {
      const [callee, list] = node.children;
      const values = list?.children ?? [];
      const called = callee === undefined ? [] : names.of(callee, scope);
      if (called.some((name) => /^(os\.path\.join|pathlib\.(Pure)?Path)$/.test(name)))
        return joined(
          values.map((value) => of(value)),
          "/",
        );
      if (called.some((name) => /^(\?str|os\.(fspath|path\.(expanduser|abspath|realpath)))$/.test(name)))
        return values.length === 1 ? of(values[0]) : undefined;
      return undefined;
    }
    default:
      return undefined;
  }
}

/** A plain or raw string on one line; not one with `{…}` in it or with escapes that would have to be read. */
function literal(text: string): string | undefined {
  const match = /^([rRuUfFbB]{0,2})("""|'''|"|')([\s\S]*)\2$/.exec(text);
  if (match === null || text.length > longest) return undefined;
  const [, prefix, , inner] = match;
  if (/[bB]/.test(prefix!) || (/[fF]/.test(prefix!) && /[{}]/.test(inner!)) || inner!.includes("\n")) return undefined;
  if (!inner!.includes("\\")) return inner;
  // Windows paths: `"C:\\models"` and `r"C:\models"`.
  return /[rR]/.test(prefix!) ? inner : /^([^\\]|\\\\)*$/.test(inner!) ? inner!.replaceAll("\\\\", "\\") : undefined;
}
