/**
 * What a Python file consists of, as far as loops are concerned: scopes (module, classes, functions), the loops and `with`
 * blocks inside them, the calls they make, and what each name may stand for. Says nothing about frameworks.
 *
 * `if`, `try` and `match` are transparent: either branch may run, so both count.
 */
import type { PyNode, PythonTree } from "./node";

export interface Scope {
  readonly kind: "module" | "class" | "function";
  /** Its name with those around it, `Trainer.fit`; empty for the module. Redefinitions share it. */
  readonly id: string;
  readonly name: string;
  readonly node: PyNode;
  readonly parent?: Scope;
  /** Expressions behind the `@`, outermost first. */
  readonly decorators: readonly PyNode[];
  /** Base classes. */
  readonly bases: readonly PyNode[];
  readonly parameters: readonly string[];
  readonly bindings: Map<string, Binding[]>;
  /** Of a class: what its methods assign to `self`. */
  readonly attributes: Map<string, Binding[]>;
  /** Of a function: what it returns. */
  readonly returns: PyNode[];
  readonly body: Region;
}

/** What one statement makes a name stand for. */
export type Binding =
  | { readonly kind: "import"; readonly origin: string }
  | { readonly kind: "scope"; readonly scope: Scope }
  /** `index`: which element, where a tuple is taken apart; `called`: the name holds what the value's `with` gives. */
  | { readonly kind: "value"; readonly value: PyNode; readonly scope: Scope; readonly index?: number }
  | { readonly kind: "element"; readonly value: PyNode; readonly scope: Scope }
  | { readonly kind: "parameter"; readonly owner: Scope; readonly position: number; readonly annotation?: string };

/** Statements that run together: the body of a scope, of a loop, of a `with`. */
export interface Region {
  readonly kind: "scope" | "loop" | "with";
  readonly scope: Scope;
  readonly parent?: Region;
  /** The `for` or `while`. */
  readonly loop?: PyNode;
  /** Of a `with`: its context managers. */
  readonly managers: readonly PyNode[];
  readonly calls: Call[];
  readonly regions: Region[];
}

export interface Call {
  readonly node: PyNode;
  readonly callee: PyNode;
  readonly region: Region;
  /** As written, without arguments: `scaler.scale().step`. */
  readonly path: string;
  readonly arguments: readonly PyNode[];
  /** Values of keyword arguments by name. */
  readonly keywords: ReadonlyMap<string, PyNode>;
  /** Names that the call's result is assigned to. */
  readonly targets: readonly string[];
}

export interface Outline {
  readonly tree: PythonTree;
  readonly module: Scope;
  readonly scopes: readonly Scope[];
  readonly calls: readonly Call[];
  readonly loops: readonly Region[];
  readonly lambdas: ReadonlyMap<PyNode, Scope>;
  /** The modules of `from M import *`. */
  readonly wildcards: readonly string[];
  /** First part of every module that is imported. */
  readonly importedRoots: ReadonlySet<string>;
  textOf(node: PyNode): string;
}

/** Rules match these with regular expressions, whose time grows faster than the text: what is longer is cut. */
const longestWord = 100;
const longestPath = 400;

/** A dotted path with `()` for calls and `[]` for subscripts; `?` where something else stands. */
export function pathOf(node: PyNode, text: string): string {
  switch (node.type) {
    case "identifier":
      return text.slice(node.start, Math.min(node.end, node.start + longestWord));
    case "attribute": {
      const [object, name] = [node.children[0], node.children.at(-1)];
      return object === undefined || name === undefined
        ? "?"
        : `${pathOf(object, text)}.${pathOf(name, text)}`.slice(-longestPath);
    }
    case "call":
      return node.children[0] === undefined ? "?" : `${pathOf(node.children[0], text)}()`;
    case "subscript":
      return node.children[0] === undefined ? "?" : `${pathOf(node.children[0], text)}[]`;
    case "parenthesized_expression":
    case "await":
      return node.children.length === 1 ? pathOf(node.children[0]!, text) : "?";
    case "named_expression":
      return node.children.length === 2 ? pathOf(node.children[1]!, text) : "?";
    default:
      return "?";
  }
}

/** The names in an assignment's target, in order; an empty string for what is no plain name. */
export function targetNames(target: PyNode, text: string): string[] {
  if (["pattern_list", "tuple_pattern", "list_pattern"].includes(target.type)) {
    return target.children.flatMap((element) => targetNames(element, text).slice(0, 1));
  }
  return [target.type === "identifier" || target.type === "attribute" ? pathOf(target, text) : ""];
}

/** The regions around one, nearest first, itself included, up to its function. */
export function* regionsAround(region: Region): Generator<Region> {
  for (let at: Region | undefined = region; at !== undefined; at = at.parent) yield at;
}

/** The method that a scope is or lies in. */
export function enclosingMethod(scope: Scope): Scope | undefined {
  for (let at: Scope | undefined = scope; at?.parent !== undefined; at = at.parent) {
    if (at.kind === "function" && at.parent.kind === "class") return at;
  }
  return undefined;
}
