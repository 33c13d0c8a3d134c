/** Toolkits for quantization that are used in a file and are no longer maintained, or that cost what they should save. */
import type { Outline } from "./outline";

export interface ToolkitFinding {
  readonly id: "autoawq" | "autogptq" | "bitsandbytes-int8";
  /** From 1. */
  readonly line: number;
  /** UTF-16 offsets of the words that are meant. */
  readonly start: number;
  readonly end: number;
  readonly message: string;
  /** The toolkit to use instead. */
  readonly instead: "llm-compressor" | "GPTQModel";
  readonly deprecated: boolean;
}

type Kind = Omit<ToolkitFinding, "line" | "start" | "end">;

const modules: Readonly<Record<string, Kind>> = {
  awq: {
    id: "autoawq",
    message: "AutoAWQ is deprecated: its models go on working, new ones are made with llm-compressor.",
    instead: "llm-compressor",
    deprecated: true,
  },
  auto_gptq: {
    id: "autogptq",
    message: "AutoGPTQ is no longer maintained: GPTQModel takes its place and reads its models.",
    instead: "GPTQModel",
    deprecated: true,
  },
};

const int8: Kind = {
  id: "bitsandbytes-int8",
  message:
    "8 bits by bitsandbytes save memory and not energy: decoding took 2 to 3 times as much as FP32 on an H100 (arXiv 2601.22362).",
  instead: "llm-compressor",
  deprecated: false,
};

export function toolkitFindings(outline: Outline): ToolkitFinding[] {
  const found: ToolkitFinding[] = [];
  const { text } = outline.tree;
  const add = (kind: Kind, start: number, length: number) =>
    found.push({ ...kind, start, end: start + length, line: lineOf(text, start) });
  const roots = Object.keys(modules).filter((name) => outline.importedRoots.has(name));
  if (roots.length > 0) {
    const statement = new RegExp(`^[ \\t]*(?:from|import)[ \\t]+(${roots.join("|")})(?=[\\s.,])`, "gm");
    for (const match of text.matchAll(statement))
      add(modules[match[1]!]!, match.index + match[0].length - match[1]!.length, match[1]!.length);
  }
  for (const call of outline.calls) {
    const value = call.keywords.get("load_in_8bit");
    if (value?.type === "true")
      add(int8, value.start - "load_in_8bit=".length, value.end - value.start + "load_in_8bit=".length);
  }
  return found.sort((a, b) => a.start - b.start);
}

function lineOf(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf("\n"); at !== -1 && at < offset; at = text.indexOf("\n", at + 1)) line++;
  return line;
}
