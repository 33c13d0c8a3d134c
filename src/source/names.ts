/**
 * What an expression may stand for, as far as one file tells: `optimizer` of `optimizer.step()` was assigned from
 * `t.optim.AdamW(…)` under `import torch as t`, so the callee is `torch.optim.AdamW().step`.
 *
 * A name is a dotted path from an imported module, with `()` where something was called and `[]` where it was indexed.
 * `@` begins what this file defines (`@Net().forward`), `?` what is not known (`?optimizer.step`: a parameter, say). There
 * may be several, one for each assignment: order and branches are not followed.
 */
import type { PyNode } from "./node";
import { type Binding, type Call, enclosingMethod, type Outline, pathOf, type Scope } from "./outline";

/** Give back what they are given: a compiled, wrapped or moved model is still that model. */
const wrappers =
  /^(torch\.compile|torch\.jit\.(script|trace)|torch\.nn\.(DataParallel|parallel\.\w+)|torch\.distributed\.fsdp\.\w+|torch\.nn\.SyncBatchNorm\.convert_sync_batchnorm|functools\.partial|jax\.(jit|pmap|vmap|remat|checkpoint|named_call)|jax\.experimental\.(pjit\.pjit|maps\.\w+)|flax\.(nnx\.(jit|pmap|vmap|remat)|jax_utils\.replicate)|equinox\.filter_(jit|pmap|vmap)|tensorflow\.function|accelerate\.Accelerator\(\)\.prepare(_model|_optimizer|_data_loader)?|\?(self\.)?(accelerator|fabric|strategy)\.(prepare|setup|setup_module|setup_optimizers|setup_dataloaders)|lightning\.(fabric\.)?Fabric\(\)\.setup\w*|peft\.(get_peft_model|PeftModel\.from_pretrained)|tqdm(\.\w+)*|mlx\.core\.compile)$/;

/** Methods that give back the object itself. */
const fluent =
  /\.(to|cuda|cpu|half|bfloat16|float|double|eval|train|requires_grad_|xpu|mps|to_empty|share_memory|compile|apply)$/;

/** A question about a name may meet many assignments; past this many steps the rest is left open. */
const stepsAQuestion = 300;
const mostNames = 12;
/** Characters; a chain of calls grows without end. */
const longestName = 400;

export class Names {
  private readonly known = new Map<PyNode, readonly string[]>();
  private readonly scopesById = new Map<string, Scope[]>();
  private readonly scopeByNode = new Map<PyNode, Scope>();
  /** Calls by the local function they reach, for what parameters may hold. */
  private readonly methodsByName = new Map<string, Scope[]>();
  private callers: Map<Scope, Call[]> | undefined;

  constructor(private readonly outline: Outline) {
    for (const scope of outline.scopes) {
      this.scopeByNode.set(scope.node, scope);
      push(this.scopesById, scope.id, scope);
      if (scope.kind === "function" && scope.parent?.kind === "class") push(this.methodsByName, scope.name, scope);
    }
  }

  /** Every name of a call's callee: `torch.optim.AdamW().step`. Never empty. */
  ofCallee(call: Call): readonly string[] {
    return this.of(call.callee, call.region.scope);
  }

  of(node: PyNode, scope: Scope): readonly string[] {
    const before = this.known.get(node);
    if (before !== undefined) return before;
    const names = new Question(this.outline, this, this.known).of(node, scope);
    this.known.set(node, names);
    return names;
  }

  /** The functions of this file that a name denotes; for a class its constructor, for an instance its `forward`. */
  functions(name: string): readonly Scope[] {
    if (!name.startsWith("@")) return [];
    const instance = name.endsWith("()");
    return (this.scopesById.get(name.slice(1, instance ? -2 : undefined)) ?? []).flatMap((scope) => {
      if (scope.kind === "function") return instance ? [] : [scope];
      return (instance ? ["__call__", "forward"] : ["__init__"]).flatMap((method) => methods(scope, method));
    });
  }

  classes(name: string): readonly Scope[] {
    return name.startsWith("@")
      ? (this.scopesById.get(name.slice(1)) ?? []).filter(({ kind }) => kind === "class")
      : [];
  }

  /** Methods of that name in any class of this file. */
  methodsNamed(name: string): readonly Scope[] {
    return this.methodsByName.get(name) ?? [];
  }

  lambda(node: PyNode): Scope | undefined {
    return this.scopeByNode.get(node);
  }

  /** Calls in this file that reach a function by its plain name or by `self`. */
  callersOf(scope: Scope): readonly Call[] {
    this.callers ??= this.findCallers();
    return this.callers.get(scope) ?? [];
  }

  private findCallers(): Map<Scope, Call[]> {
    const found = new Map<Scope, Call[]>();
    for (const call of this.outline.calls) {
      const [first, second, third] = call.path.split(".");
      if (third !== undefined) continue;
      const callees =
        second === undefined
          ? lookUp(first!, call.region.scope).flatMap((binding) => (binding.kind === "scope" ? [binding.scope] : []))
          : this.methodsNamed(second).filter(() => first === enclosingMethod(call.region.scope)?.parameters[0]);
      for (const callee of callees) {
        const target = callee.kind === "class" ? methods(callee, "__init__")[0] : callee;
        if (target !== undefined) push(found, target, call);
      }
    }
    return found;
  }
}

function methods(scope: Scope, name: string): Scope[] {
  return (scope.bindings.get(name) ?? []).flatMap((binding) =>
    binding.kind === "scope" && binding.scope.kind === "function" ? [binding.scope] : [],
  );
}

/** One question, with what has been visited on its way: assignments may refer to each other in a circle. */
class Question {
  private steps = stepsAQuestion;
  private readonly open = new Set<Binding | PyNode>();
  /** Values that are being taken apart: a function may return what it returns itself. */
  private readonly openElements = new Set<PyNode>();
  /** How often the way was cut off; an answer with a cut in it holds for this question only. */
  private cuts = 0;

  constructor(
    private readonly outline: Outline,
    private readonly names: Names,
    private readonly known: Map<PyNode, readonly string[]>,
  ) {}

  of(node: PyNode, scope: Scope): readonly string[] {
    const before = this.known.get(node);
    if (before !== undefined) return before;
    if (this.isCut(node)) return [];
    const cuts = this.cuts;
    this.open.add(node);
    const found = [...new Set(this.expression(node, scope))].slice(0, mostNames);
    this.open.delete(node);
    if (found.length === 0) found.push("?");
    if (this.cuts === cuts) this.known.set(node, found);
    return found;
  }

  private isCut(place: Binding | PyNode): boolean {
    if (--this.steps >= 0 && !this.open.has(place)) return false;
    this.cuts++;
    return true;
  }

  private expression(node: PyNode, scope: Scope): readonly string[] {
    const [first, second] = node.children;
    switch (node.type) {
      case "identifier":
        return this.identifier(pathOf(node, this.outline.tree.text), scope);
      case "attribute": {
        if (first === undefined || second === undefined) return [];
        const name = pathOf(node.children.at(-1)!, this.outline.tree.text);
        return this.of(first, scope).flatMap((object) => this.attribute(object.slice(-longestName), name));
      }
      case "call":
        return first === undefined ? [] : this.call(first, node, scope);
      case "subscript":
        return first === undefined ? [] : this.of(first, scope).map((name) => `${name}[]`);
      case "lambda":
        return [`@${this.names.lambda(node)?.id ?? ""}`];
      case "parenthesized_expression":
      case "await":
        return first === undefined ? [] : this.of(first, scope);
      case "named_expression":
        return second === undefined ? [] : this.of(second, scope);
      case "boolean_operator":
        return node.children.flatMap((side) => this.of(side, scope));
      case "conditional_expression":
        return [first, node.children[2]].flatMap((side) => (side === undefined ? [] : this.of(side, scope)));
      default:
        return [];
    }
  }

  private identifier(name: string, scope: Scope): string[] {
    const bindings = lookUp(name, scope);
    const found = bindings.flatMap((binding) => this.binding(binding, name));
    if (bindings.length === 0 && /^[A-Z]\w/.test(name)) {
      found.push(...this.outline.wildcards.map((module) => `${module}.${name}`));
    }
    return found.some((origin) => !/^\?($|\W)/.test(origin)) ? found.filter((origin) => origin !== "?") : [`?${name}`];
  }

  private binding(binding: Binding, name: string): readonly string[] {
    if (this.isCut(binding)) return [];
    this.open.add(binding);
    const found = this.meaning(binding, name);
    this.open.delete(binding);
    return found;
  }

  private meaning(binding: Binding, name: string): readonly string[] {
    switch (binding.kind) {
      case "import":
        return [binding.origin];
      case "scope":
        return this.definition(binding.scope);
      case "element":
        return [`?${name}`];
      case "parameter":
        return this.parameter(binding, name);
      case "value":
        return binding.index === undefined
          ? this.of(binding.value, binding.scope)
          : this.elementAt(binding.value, binding.index, binding.scope);
    }
  }

  /** A class stands for itself and for what it is derived from; a function for itself and for what decorates it. */
  private definition(scope: Scope): string[] {
    const outer = scope.parent ?? scope;
    const extra =
      scope.kind === "class"
        ? scope.bases.flatMap((base) => this.of(base, outer))
        : scope.decorators
            .flatMap((decorator) => this.of(decorator, outer))
            .map((name) => (name.startsWith("?") ? "" : name.endsWith("()") ? name : `${name}()`));
    return [`@${scope.id}`, ...extra.filter((name) => name !== "" && !name.startsWith("?"))];
  }

  private parameter(binding: Binding & { kind: "parameter" }, name: string): string[] {
    const { owner, position, annotation } = binding;
    if (position === 0 && owner.kind === "function" && owner.parent?.kind === "class") {
      const decorators = owner.decorators.map((node) => this.outline.textOf(node));
      if (decorators.includes("classmethod")) return this.definition(owner.parent);
      if (!decorators.includes("staticmethod")) return this.definition(owner.parent).map((base) => `${base}()`);
    }
    const found = annotation === undefined ? [] : this.annotated(annotation, owner.parent ?? owner);
    for (const call of position < 0 ? [] : this.names.callersOf(owner)) {
      const shift = owner.parent?.kind === "class" ? 1 : 0;
      const argument = call.keywords.get(name) ?? call.arguments[position - shift];
      if (argument === undefined || argument.type.endsWith("splat")) continue;
      found.push(...this.of(argument, call.region.scope).filter((origin) => !origin.startsWith("?")));
    }
    return found.length > 0 ? found : [`?${name}`];
  }

  /** `nn.Module`, `"Net"`, `Optional[Trainer]`, `Net | None`: every class that is mentioned. */
  private annotated(annotation: string, scope: Scope): string[] {
    return (annotation.match(/[A-Za-z_][\w.]*/g) ?? [])
      .slice(0, 8)
      .flatMap((path) => {
        const [root, ...rest] = path.split(".");
        const origins = lookUp(root!, scope).flatMap((binding) => this.binding(binding, root!));
        return origins.map((origin) => [origin, ...rest].join("."));
      })
      .filter((origin) => !origin.startsWith("?") && !/^(typing|collections)\b/.test(origin))
      .map((origin) => `${origin}()`);
  }

  private attribute(object: string, name: string): string[] {
    const path = `${object}.${name}`;
    if (!object.startsWith("@")) return [path];
    const bindings = this.names
      .classes(object.replace(/\(\)$/, ""))
      .flatMap((scope) => [...(scope.attributes.get(name) ?? []), ...(scope.bindings.get(name) ?? [])]);
    const found = bindings.flatMap((binding) => this.binding(binding, `self.${name}`));
    return found.length > 0 ? found : [path];
  }

  private call(callee: PyNode, node: PyNode, scope: Scope): string[] {
    const callees = this.of(callee, scope);
    return callees.flatMap((name) => {
      if (name === "?super") {
        const owner = enclosingMethod(scope)?.parent;
        return (owner?.bases ?? []).flatMap((base) => this.of(base, owner?.parent ?? scope)).map((base) => `${base}()`);
      }
      const argument = node.children[1]?.children[0];
      if (wrappers.test(name)) {
        // `partial(jax.jit, static_argnums=0)` used as a decorator is `jax.jit` itself.
        return argument === undefined ? [`${name}()`] : this.of(argument, scope);
      }
      if (fluent.test(name)) return [name.replace(fluent, "")];
      const functions = name.endsWith("()") ? [] : this.names.functions(name).filter(({ name }) => name !== "__init__");
      const returned = functions.flatMap((made) => made.returns.flatMap((value) => this.of(value, made)));
      return [...returned.filter((origin) => !origin.startsWith("?")), `${name}()`];
    });
  }

  /** What `a, b = …` gives its second name. */
  private elementAt(value: PyNode, index: number, scope: Scope): readonly string[] {
    if (--this.steps < 0 || this.openElements.has(value)) {
      this.cuts++;
      return [];
    }
    this.openElements.add(value);
    const found = this.elementOf(value, index, scope);
    this.openElements.delete(value);
    return found;
  }

  private elementOf(value: PyNode, index: number, scope: Scope): readonly string[] {
    if (["tuple", "expression_list", "list"].includes(value.type)) {
      const element = value.children[index];
      return element === undefined ? [] : this.of(element, scope);
    }
    const callee = value.type === "call" ? value.children[0] : undefined;
    if (callee === undefined) return this.of(value, scope).map((name) => `${name}[${index}]`);
    return this.of(callee, scope).flatMap((name) => {
      const argument = value.children[1]?.children[index];
      if (wrappers.test(name)) return argument === undefined ? [] : this.of(argument, scope);
      const returned = this.names
        .functions(name)
        .flatMap((made) => made.returns.flatMap((result) => this.elementAt(result, index, made)));
      return returned.length > 0 ? returned : [`${name}()[${index}]`];
    });
  }
}

/** The assignments of the nearest scope that knows a name; a class's own names are not seen by its methods. */
export function lookUp(name: string, scope: Scope): readonly Binding[] {
  for (let at: Scope | undefined = scope; at !== undefined; at = at.parent) {
    if (at.kind === "class" && at !== scope) continue;
    const found = at.bindings.get(name);
    if (found !== undefined) return found;
  }
  return [];
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
