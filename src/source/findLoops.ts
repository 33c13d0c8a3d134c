/** Where a Python file trains, evaluates or infers. The whole of `source` is behind this function. */
import { Classifier, callVerdicts, type Verdict } from "./classify";
import { type Directive, directivesIn } from "./directives";
import { EvidenceFinder } from "./evidence";
import { type FoundLoops, type Loop, leastConfidence, type SourceNote } from "./loop";
import { child, type PyNode, type PythonTree } from "./node";
import type { Call, Outline, Region } from "./outline";
import { outlineOf } from "./outlineBuilder";

/** Nothing is thrown for any tree; about 10 ms a thousand lines. Equal trees give equal answers. */
export function findLoops(tree: PythonTree): FoundLoops {
  const outline = outlineOf(tree);
  const finder = new EvidenceFinder(outline);
  const verdicts = new Classifier(finder).verdicts();
  const { directives, notes } = directivesIn(tree);
  const found = new Candidates(outline, finder, verdicts);
  for (const directive of directives) {
    const note = found.apply(directive);
    if (note !== undefined) notes.push(note);
  }
  if (tree.errorLine !== undefined) {
    notes.push({
      line: tree.errorLine,
      message: "Python could not be parsed from here; loops nearby may be missing.",
    });
  }
  return { loops: found.loops(), notes: notes.sort((a, b) => a.line - b.line) };
}

class Candidates {
  private readonly regions: Map<Region, Verdict>;
  private readonly calls: Map<Call, Verdict>;
  private loopByLine: Map<number, Region> | undefined;
  private callsByLine: Map<number, Call[]> | undefined;
  private readonly marked = new Map<PyNode, Directive>();

  constructor(
    private readonly outline: Outline,
    private readonly finder: EvidenceFinder,
    verdicts: Map<Region, Verdict>,
  ) {
    this.regions = verdicts;
    this.calls = callVerdicts(finder, verdicts, leastConfidence);
  }

  /** @returns a note where the comment stands at nothing */
  apply(directive: Directive): SourceNote | undefined {
    const line = directive.trailing ? directive.line : directive.line + 1;
    const region = this.loopAt(line, directive.trailing);
    const calls = region === undefined ? (this.callsAt().get(line) ?? []) : [];
    const call = calls.find((each) => this.calls.has(each)) ?? calls[0];
    const place = region?.loop ?? call?.node;
    if (place === undefined) return nothingThere(directive);
    this.marked.set(place, directive);
    if (directive.word === "ignore") {
      if (region !== undefined) this.regions.delete(region);
      for (const each of calls) this.calls.delete(each);
    } else if (call !== undefined && !this.calls.has(call)) this.calls.set(call, this.assumed("call"));
    return undefined;
  }

  loops(): Loop[] {
    for (const region of this.outline.loops) {
      if (this.marked.get(region.loop!)?.word !== "loop" || this.regions.has(region)) continue;
      this.regions.set(region, this.assumed(this.holdsLoop(region) ? "epoch" : "batch"));
    }
    const loops = [
      ...[...this.regions].map(([{ loop }, verdict]) => this.loop(loop!, verdict)),
      ...[...this.calls].map(([{ node }, verdict]) => this.loop(node, verdict)),
    ];
    return onePerPlace(loops.filter(({ confidence }) => confidence >= leastConfidence));
  }

  /** Whether a loop that is reported lies inside. */
  private holdsLoop(region: Region): boolean {
    return region.regions.some(
      (inner) =>
        (inner.kind === "loop" && (this.regions.has(inner) || this.marked.get(inner.loop!)?.word === "loop")) ||
        this.holdsLoop(inner),
    );
  }

  private assumed(level: Verdict["level"]): Verdict {
    return { kind: "training", level, framework: this.finder.imports.main, confidence: 1, found: [] };
  }

  private loop(node: PyNode, verdict: Verdict): Loop {
    const directive = this.marked.get(node);
    const isMarked = directive?.word === "loop";
    const best = [...verdict.found].sort((a, b) => b.weight - a.weight || a.call.node.start - b.call.node.start);
    const calls = [...new Set(best.map(({ call }) => call))].slice(0, 3);
    const evidence = calls.map((call) => ({ line: lastLine(call), text: `${call.path.slice(-60)}()` }));
    return {
      line: node.line,
      endLine: node.endLine,
      kind: directive?.kind ?? verdict.kind,
      level: directive?.level ?? verdict.level,
      framework: verdict.framework,
      confidence: isMarked ? 1 : Math.round(verdict.confidence * 100) / 100,
      evidence,
    };
  }

  /** The loop that begins on a line; behind a header of several lines a comment may stand on each. */
  private loopAt(line: number, anyHeaderLine: boolean): Region | undefined {
    this.loopByLine ??= new Map(this.outline.loops.map((region) => [region.loop!.line, region]));
    for (let at = line; at > line - (anyHeaderLine ? longestHeaderLines : 1); at--) {
      const region = this.loopByLine.get(at);
      if (region !== undefined) return headerEnd(region.loop!) >= line ? region : undefined;
    }
    return undefined;
  }

  private callsAt(): Map<number, Call[]> {
    if (this.callsByLine !== undefined) return this.callsByLine;
    this.callsByLine = new Map();
    for (const call of this.outline.calls) {
      for (const line of new Set([call.node.line, call.node.endLine])) {
        const list = this.callsByLine.get(line);
        if (list === undefined) this.callsByLine.set(line, [call]);
        else list.push(call);
      }
    }
    return this.callsByLine;
  }
}

const longestHeaderLines = 10;

/** Where the method's name stands: a chain of calls may begin lines before. */
function lastLine({ callee }: Call): number {
  return callee.endLine;
}

/** The last line of `for … :`. */
function headerEnd(loop: PyNode): number {
  return (child(loop, "right") ?? child(loop, "condition") ?? child(loop, "left"))?.endLine ?? loop.line;
}

function nothingThere({ line, word }: Directive): SourceNote {
  return {
    line,
    message: `"# wattline: ${word}" stands at no loop: put it behind a loop's header or on the line above.`,
  };
}

/** In order of lines; of several on the same lines (`a.fit(b.fit(x))`) the likeliest. */
function onePerPlace(loops: readonly Loop[]): Loop[] {
  const best = new Map<string, Loop>();
  for (const loop of loops) {
    const key = `${loop.line} ${loop.level === "call"}`;
    if ((best.get(key)?.confidence ?? -1) < loop.confidence) best.set(key, loop);
  }
  return [...best.values()].sort((a, b) => a.line - b.line || b.endLine - a.endLine);
}
