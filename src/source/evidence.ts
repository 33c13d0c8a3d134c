/** Asks the rules about the calls of a file, and follows calls into the file's own functions. */

import { Names } from "./names";
import type { PyNode } from "./node";
import { type Call, enclosingMethod, type Outline, type Region, type Scope } from "./outline";
import { Imports } from "./rules/imports";
import { rules } from "./rules/index";
import { isModelName } from "./rules/passes";
import type { CallView, Evidence, SourceFile } from "./rules/rule";

export interface Found extends Evidence {
  /** The call that tells, which may lie in a function that the loop calls. */
  readonly call: Call;
}

/** What running some statements does: calls outside of loops, and the loops, with those of the functions that are called. */
export interface Reached {
  readonly found: readonly Found[];
  readonly loops: readonly Region[];
}

/** Following a call may lead to the wrong function of that name; each step costs a little certainty. */
const followedByName = 0.97;
const followedByReference = 0.9;
const followedByGuess = 0.8;

/** Functions that call functions that call …: no program that trains goes deeper. */
const deepestChain = 40;
/** Of one function, those of the functions it calls included. */
const mostLoops = 200;

/** Too common to follow to a method of this file when nothing tells whose it is. */
const commonMethods =
  /^(step|forward|backward|eval|fit|update|get|set|close|reset|save|load|append|to|add|log|items|__\w+__)$/;

export class EvidenceFinder implements SourceFile {
  readonly names: Names;
  readonly imports: Imports;
  private readonly examined = new Map<Call, Evidence | undefined>();
  private readonly reached = new Map<Scope, Reached>();
  private readonly callsByNode = new Map<PyNode, Call>();
  private readonly following = new Set<Scope>();

  constructor(readonly outline: Outline) {
    this.names = new Names(outline);
    this.imports = new Imports(outline);
    for (const call of outline.calls) this.callsByNode.set(call.node, call);
  }

  /** What the first rule that recognizes a call says. */
  examine(call: Call): Evidence | undefined {
    if (this.examined.has(call)) return this.examined.get(call);
    this.examined.set(call, undefined);
    const view = this.view(call);
    let evidence: Evidence | undefined;
    for (const rule of rules) {
      evidence = rule.examine(view, this);
      if (evidence !== undefined) break;
    }
    if (evidence !== undefined && evidence.weight <= 0) evidence = undefined;
    this.examined.set(call, evidence);
    return evidence;
  }

  callAt(node: PyNode): Call | undefined {
    return this.callsByNode.get(node);
  }

  /** What one pass through a region does, its `with` blocks included, its loops listed and not entered. */
  inRegion(region: Region): Reached {
    const found: Found[] = [];
    const loops: Region[] = [];
    for (const call of region.calls) this.addCall(call, found, loops);
    for (const inner of region.regions) {
      if (inner.kind === "loop") {
        loops.push(inner);
        continue;
      }
      const reached = this.inRegion(inner);
      found.push(...reached.found);
      for (const loop of reached.loops) loops.push(loop);
    }
    return { found, loops };
  }

  trains(argument: PyNode, call: Call): boolean {
    return this.functionsGiven(argument, call).some((scope) => this.scopeTrains(scope));
  }

  private scopeTrains(scope: Scope): boolean {
    const reached = this.inScope(scope);
    return reached.found.some(({ kind, part }) => kind === "training" && part !== "hint");
  }

  private addCall(call: Call, found: Found[], loops: Region[]): void {
    const evidence = this.examine(call);
    const followed: Found[] = [];
    for (const [scope, certainty] of this.callees(call, evidence?.part !== "whole")) {
      const reached = this.inScope(scope);
      followed.push(...reached.found.map((each) => ({ ...each, weight: each.weight * certainty })));
      for (const loop of reached.loops) loops.push(loop);
    }
    // What a function of this file does says more than what it is called.
    const isExplained = followed.some(
      ({ kind, part }) =>
        kind === evidence?.kind && (part === evidence.part || (evidence.part === "step" && part !== "hint")),
    );
    if (evidence !== undefined && !isExplained) found.push({ ...evidence, call });
    found.push(...followed);
  }

  private inScope(scope: Scope): Reached {
    const before = this.reached.get(scope);
    if (before !== undefined) return before;
    // In a circle of functions the one that is asked first gets the evidence of all.
    if (this.following.has(scope) || this.following.size > deepestChain) return { found: [], loops: [] };
    this.following.add(scope);
    const all = this.inRegion(scope.body);
    this.following.delete(scope);
    const reached = { found: strongest(all.found), loops: [...new Set(all.loops)].slice(0, mostLoops) };
    this.reached.set(scope, reached);
    return reached;
  }

  /** The functions of this file that a call runs, with how sure that is. */
  private callees(call: Call, byReference: boolean): Map<Scope, number> {
    const callees = new Map<Scope, number>();
    for (const name of this.names.ofCallee(call)) {
      for (const scope of this.names.functions(name)) callees.set(scope, followedByName);
    }
    for (const argument of byReference ? [...call.arguments, ...call.keywords.values()] : []) {
      for (const scope of this.functionsGiven(argument, call))
        if (!callees.has(scope)) callees.set(scope, followedByReference);
    }
    if (callees.size === 0) for (const scope of this.guessMethod(call)) callees.set(scope, followedByGuess);
    return callees;
  }

  /** `optimizer.step(closure)`, `strategy.run(train_step, …)`: a function that is handed over is taken to be called. */
  private functionsGiven(argument: PyNode, call: Call): readonly Scope[] {
    if (!["identifier", "attribute", "lambda", "call"].includes(argument.type)) return [];
    return this.names
      .of(argument, call.region.scope)
      .filter((name) => name.startsWith("@") && !name.endsWith("()"))
      .flatMap((name) => this.names.functions(name))
      .filter((scope) => scope.name !== "__init__");
  }

  /** `agent.learn()` where the agent came as an argument, and one class of this file has such a method. */
  private guessMethod(call: Call): readonly Scope[] {
    const [, receiver, method] = /^(.+)\.(\w+)$/.exec(call.path) ?? [];
    if (receiver === undefined || method === undefined || commonMethods.test(method)) return [];
    if (method === "train" && isModelName(receiver)) return [];
    if (!this.names.ofCallee(call).every((name) => name.startsWith("?"))) return [];
    const candidates = this.names.methodsNamed(method);
    return candidates.length === 1 && candidates[0] !== enclosingMethod(call.region.scope) ? candidates : [];
  }

  private view(call: Call): CallView {
    const names = this.names.ofCallee(call);
    const dot = call.path.lastIndexOf(".");
    return {
      call,
      path: call.path,
      method: call.path.slice(dot + 1),
      receiver: dot === -1 ? "" : call.path.slice(0, dot),
      names,
      isLocal: names.some((name) => this.names.functions(name).length > 0),
      is: (pattern) => names.some((name) => pattern.test(name)),
    };
  }
}

/** One of each meaning, the weightiest: a function may step a dozen optimizers. */
function strongest(found: readonly Found[]): Found[] {
  const best = new Map<string, Found>();
  for (const each of found) {
    const key = `${each.kind} ${each.part} ${each.framework}`;
    if ((best.get(key)?.weight ?? 0) < each.weight) best.set(key, each);
  }
  return [...best.values()];
}
