/**
 * Comments by which the user decides: `# wattline: loop` and `# wattline: ignore`, behind the loop's header or on the line
 * above. `loop` may be followed by a kind and a level: `# wattline: loop evaluation epoch`.
 */
import type { LoopKind, LoopLevel, SourceNote } from "./loop";
import type { PythonTree } from "./node";

export interface Directive {
  readonly word: "loop" | "ignore";
  /** The comment's own line. */
  readonly line: number;
  /** Whether there is code before it on its line. */
  readonly trailing: boolean;
  readonly kind?: LoopKind;
  readonly level?: LoopLevel;
}

const kinds: readonly string[] = ["training", "evaluation", "inference"] satisfies LoopKind[];
const levels: readonly string[] = ["epoch", "batch", "call"] satisfies LoopLevel[];

/** @returns the directives, and a note for each comment that looks like one and is none */
export function directivesIn({ text, comments }: PythonTree): { directives: Directive[]; notes: SourceNote[] } {
  const directives: Directive[] = [];
  const notes: SourceNote[] = [];
  for (const { start, end, line } of comments) {
    const words = /(?:^|\s)#+\s*wattline\s*:([^#]*)/
      .exec(text.slice(start, end).trimEnd())?.[1]
      ?.trim()
      .split(/[\s,]+/);
    if (words === undefined) continue;
    const [word = "", ...rest] = words;
    const lineStart = text.lastIndexOf("\n", start - 1) + 1;
    const wrong = rest.find((each) => !kinds.includes(each) && !levels.includes(each));
    if (word !== "loop" && word !== "ignore") {
      notes.push({
        line,
        message: `"# wattline: ${word}" means nothing; "# wattline: loop" and "# wattline: ignore" do.`,
      });
    } else if (word === "loop" && wrong !== undefined && !/^[-(–]/.test(wrong)) {
      notes.push({
        line,
        message: `"${wrong}" is no kind of loop (${kinds.join(", ")}) and no level (${levels.join(", ")}); the rest counts.`,
      });
    }
    if (word !== "loop" && word !== "ignore") continue;
    const kind = rest.find((each) => kinds.includes(each)) as LoopKind | undefined;
    const level = rest.find((each) => levels.includes(each)) as LoopLevel | undefined;
    directives.push({
      word,
      line,
      trailing: text.slice(lineStart, start).trim() !== "",
      ...(kind !== undefined && { kind }),
      ...(level !== undefined && { level }),
    });
  }
  return { directives, notes };
}
