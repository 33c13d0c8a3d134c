import { child, type PyNode, type PythonTree } from "./node";
import {
  type Binding,
  type Call,
  enclosingMethod,
  type Outline,
  pathOf,
  type Region,
  type Scope,
  targetNames,
} from "./outline";

/** Reads a tree once, from top to bottom. */
export function outlineOf(tree: PythonTree): Outline {
  const builder = new Builder(tree);
  const module = builder.scope("module", "", tree.root, undefined);
  builder.visitAll(tree.root.children, module.body);
  return {
    tree,
    module,
    scopes: builder.scopes,
    calls: builder.calls,
    loops: builder.loops,
    lambdas: builder.lambdas,
    wildcards: builder.wildcards,
    importedRoots: builder.importedRoots,
    textOf: (node) => tree.text.slice(node.start, node.end),
  };
}

interface ScopeParts {
  readonly decorators?: readonly PyNode[];
  readonly bases?: readonly PyNode[];
  readonly parameters?: readonly string[];
}

class Builder {
  readonly scopes: Scope[] = [];
  readonly calls: Call[] = [];
  readonly loops: Region[] = [];
  readonly lambdas = new Map<PyNode, Scope>();
  readonly wildcards: string[] = [];
  readonly importedRoots = new Set<string>();
  /** Names that a function declared `global`. */
  private readonly globals = new Map<Scope, Set<string>>();
  private readonly text: string;

  constructor(tree: PythonTree) {
    this.text = tree.text;
  }

  scope(kind: Scope["kind"], name: string, node: PyNode, parent: Scope | undefined, parts: ScopeParts = {}): Scope {
    const scope: Scope & { body: Region } = {
      kind,
      name,
      id: parent === undefined || parent.id === "" ? name : `${parent.id}.${name}`,
      node,
      ...(parent !== undefined && { parent }),
      decorators: parts.decorators ?? [],
      bases: parts.bases ?? [],
      parameters: parts.parameters ?? [],
      bindings: new Map(),
      attributes: new Map(),
      returns: [],
      body: undefined as unknown as Region,
    };
    scope.body = { kind: "scope", scope, managers: [], calls: [], regions: [] };
    this.scopes.push(scope);
    return scope;
  }

  visitAll(nodes: readonly PyNode[], region: Region): void {
    for (const node of nodes) this.visit(node, region);
  }

  visit(node: PyNode, region: Region): void {
    switch (node.type) {
      case "decorated_definition":
        this.definition(child(node, "definition"), node.children, region);
        return;
      case "function_definition":
      case "class_definition":
        this.definition(node, [], region);
        return;
      case "lambda":
        this.lambda(node, region);
        return;
      case "for_statement":
        this.forLoop(node, region);
        return;
      case "while_statement":
        this.whileLoop(node, region);
        return;
      case "with_statement":
        this.withBlock(node, region);
        return;
      case "call":
        this.call(node, region, []);
        return;
      case "assignment":
        this.assignment(node, region);
        return;
      case "named_expression":
        this.assign(child(node, "name"), child(node, "value"), region);
        return;
      case "import_statement":
      case "import_from_statement":
      case "future_import_statement":
        this.imports(node, region.scope);
        return;
      case "return_statement":
        if (node.children[0] !== undefined) region.scope.returns.push(node.children[0]);
        break;
      case "global_statement":
        this.globals.set(
          region.scope,
          new Set([...(this.globals.get(region.scope) ?? []), ...node.children.map((name) => this.slice(name))]),
        );
        break;
    }
    this.visitAll(node.children, region);
  }

  private definition(node: PyNode | undefined, siblings: readonly PyNode[], region: Region): void {
    const decorators = siblings
      .filter(({ type }) => type === "decorator")
      .flatMap(({ children }) => children.slice(0, 1));
    this.visitAll(decorators, region);
    if (node === undefined) return;
    const nameNode = child(node, "name");
    const name = nameNode === undefined ? "" : this.slice(nameNode);
    const parameters = child(node, "parameters")?.children ?? [];
    const superclasses = child(node, "superclasses")?.children ?? [];
    const scope = this.scope(node.type === "class_definition" ? "class" : "function", name, node, region.scope, {
      decorators,
      bases: superclasses.filter(({ type }) => type !== "keyword_argument"),
      parameters: parameters.map((parameter) => this.parameterName(parameter)),
    });
    this.bind(region.scope, name, { kind: "scope", scope });
    this.visitAll(superclasses, region);
    this.bindParameters(scope, parameters, region);
    this.visitAll(child(node, "body")?.children ?? [], scope.body);
  }

  private lambda(node: PyNode, region: Region): void {
    const parameters = child(node, "parameters")?.children ?? [];
    const scope = this.scope("function", `lambda@${node.start}`, node, region.scope, {
      parameters: parameters.map((parameter) => this.parameterName(parameter)),
    });
    this.lambdas.set(node, scope);
    this.bindParameters(scope, parameters, region);
    const body = child(node, "body");
    if (body === undefined) return;
    scope.returns.push(body);
    this.visit(body, scope.body);
  }

  private bindParameters(scope: Scope, parameters: readonly PyNode[], outer: Region): void {
    for (const [position, parameter] of parameters.entries()) {
      const type = child(parameter, "type") ?? parameter.children.find((inner) => inner.type === "type");
      this.bind(scope, scope.parameters[position]!, {
        kind: "parameter",
        owner: scope,
        position,
        ...(type !== undefined && { annotation: this.slice(type) }),
      });
      const value = child(parameter, "value");
      if (value === undefined) continue;
      this.bind(scope, scope.parameters[position]!, { kind: "value", value, scope: outer.scope });
      this.visit(value, outer);
    }
  }

  private parameterName(parameter: PyNode): string {
    const name = parameter.type === "identifier" ? parameter : (child(parameter, "name") ?? parameter.children[0]);
    return name?.type === "identifier" ? this.slice(name) : "";
  }

  private forLoop(node: PyNode, region: Region): void {
    const [left, right] = [child(node, "left"), child(node, "right")];
    if (right !== undefined) this.visit(right, region);
    if (left !== undefined && right !== undefined) {
      for (const name of targetNames(left, this.text)) {
        this.bind(region.scope, name, { kind: "element", value: right, scope: region.scope });
      }
    }
    this.visitAll(child(node, "body")?.children ?? [], this.region("loop", region, { loop: node }));
    // An `else` runs once, behind the loop.
    for (const { type, children } of node.children) if (type === "else_clause") this.visitAll(children, region);
  }

  private whileLoop(node: PyNode, region: Region): void {
    const loop = this.region("loop", region, { loop: node });
    const condition = child(node, "condition");
    if (condition !== undefined) this.visit(condition, loop);
    this.visitAll(child(node, "body")?.children ?? [], loop);
    for (const { type, children } of node.children) if (type === "else_clause") this.visitAll(children, region);
  }

  private withBlock(node: PyNode, region: Region): void {
    const clause = node.children.find(({ type }) => type === "with_clause");
    const managers: PyNode[] = [];
    for (const item of withItems(clause)) {
      const inner = child(item, "value") ?? item.children[0];
      const alias = inner?.type === "as_pattern" ? child(inner, "alias")?.children[0] : undefined;
      const manager = inner?.type === "as_pattern" ? inner.children[0] : inner;
      if (manager === undefined) continue;
      managers.push(manager);
      this.visit(manager, region);
      if (alias !== undefined) this.assign(alias, manager, region, false);
    }
    this.visitAll(child(node, "body")?.children ?? [], this.region("with", region, { managers }));
  }

  private region(kind: Region["kind"], parent: Region, parts: { loop?: PyNode; managers?: PyNode[] }): Region {
    const region: Region = {
      kind,
      scope: parent.scope,
      parent,
      ...(parts.loop !== undefined && { loop: parts.loop }),
      managers: parts.managers ?? [],
      calls: [],
      regions: [],
    };
    parent.regions.push(region);
    if (kind === "loop") this.loops.push(region);
    return region;
  }

  private call(node: PyNode, region: Region, targets: readonly string[]): void {
    const callee = child(node, "function");
    const list = child(node, "arguments");
    if (callee === undefined) {
      this.visitAll(node.children, region);
      return;
    }
    const given = list?.type === "argument_list" ? list.children : list === undefined ? [] : [list];
    const keywords = new Map<string, PyNode>();
    for (const argument of given) {
      const [name, value] = [child(argument, "name"), child(argument, "value")];
      if (argument.type === "keyword_argument" && name && value) keywords.set(this.slice(name), value);
    }
    const call: Call = {
      node,
      callee,
      region,
      path: pathOf(callee, this.text),
      arguments: given.filter(({ type }) => type !== "keyword_argument"),
      keywords,
      targets,
    };
    region.calls.push(call);
    this.calls.push(call);
    this.visit(callee, region);
    this.visitAll(given, region);
  }

  private assignment(node: PyNode, region: Region): void {
    const [left, right, type] = [child(node, "left"), child(node, "right"), child(node, "type")];
    if (right !== undefined) {
      this.assign(left, right, region);
      return;
    }
    // `model: Net` alone says what the name will hold.
    if (left?.type === "identifier" && type !== undefined) {
      const annotation = this.slice(type);
      this.bind(region.scope, this.slice(left), { kind: "parameter", owner: region.scope, position: -1, annotation });
    }
  }

  private assign(left: PyNode | undefined, right: PyNode | undefined, region: Region, visit = true): void {
    if (left === undefined || right === undefined) return;
    // `a = b = c`: the value is the last.
    let value = right;
    while (value.type === "assignment") value = child(value, "right") ?? value.children[0] ?? right;
    const names = targetNames(left, this.text);
    const several = left.type !== "identifier" && left.type !== "attribute";
    for (const [index, name] of names.entries()) {
      this.bindPath(name, { kind: "value", value, scope: region.scope, ...(several && { index }) }, region.scope);
    }
    if (left.type === "subscript") this.visit(left, region);
    if (!visit) return;
    const made = right.type === "await" ? (right.children[0] ?? right) : right;
    if (made.type === "call") this.call(made, region, names);
    else this.visit(right, region);
  }

  /** `self.x = …` belongs to the class, `x = …` to the scope. */
  private bindPath(name: string, binding: Binding, scope: Scope): void {
    const [first, attribute, more] = name.split(".");
    if (attribute === undefined) {
      this.bind(scope, name, binding);
      return;
    }
    const method = enclosingMethod(scope);
    if (more !== undefined || method === undefined || first !== method.parameters[0]) return;
    add(method.parent!.attributes, attribute, binding);
  }

  private bind(scope: Scope, name: string, binding: Binding): void {
    if (name === "") return;
    let owner = scope;
    if (this.globals.get(scope)?.has(name)) while (owner.parent !== undefined) owner = owner.parent;
    add(owner.bindings, name, binding);
  }

  private imports(node: PyNode, scope: Scope): void {
    const from = child(node, "module_name");
    const module = from === undefined ? undefined : this.slice(from).replace(/\s/g, "");
    const names = node.children.filter((inner) => inner !== from);
    if (module !== undefined) this.importedRoots.add(module.split(".")[0]!);
    for (const name of names) {
      if (name.type === "wildcard_import" && module !== undefined) this.wildcards.push(module);
      const real = name.type === "aliased_import" ? child(name, "name") : name;
      if (real === undefined || real.type !== "dotted_name") continue;
      const origin = this.slice(real).replace(/\s/g, "");
      const alias = name.type === "aliased_import" ? child(name, "alias") : undefined;
      if (module !== undefined) {
        const full = module.endsWith(".") ? module + origin : `${module}.${origin}`;
        this.bind(scope, alias === undefined ? origin : this.slice(alias), { kind: "import", origin: full });
        continue;
      }
      const root = origin.split(".")[0]!;
      this.importedRoots.add(root);
      // `import a.b` makes `a` known, `import a.b as c` makes `c` known as a.b.
      if (alias === undefined) this.bind(scope, root, { kind: "import", origin: root });
      else this.bind(scope, this.slice(alias), { kind: "import", origin });
    }
  }

  private slice(node: PyNode): string {
    return this.text.slice(node.start, node.end);
  }
}

/** `with a as b, c:` and `with (a as b, c):`. */
function withItems(clause: PyNode | undefined): PyNode[] {
  return (clause?.children ?? []).flatMap((item) => {
    const tuple = item.children[0];
    return tuple?.type === "tuple" ? tuple.children.map((inner) => ({ ...item, children: [inner] })) : [item];
  });
}

function add(map: Map<string, Binding[]>, name: string, binding: Binding): void {
  const list = map.get(name);
  if (list === undefined) map.set(name, [binding]);
  // A name that is assigned over and over (generated code) would make every question about it slow.
  else if (list.length < 16) list.push(binding);
}
