/** Options of a subcommand: node's parser with our sentences, and `--json[=FILE]`, whose value may be left out. */
import { type ParseArgsConfig, parseArgs } from "node:util";
import { badArguments } from "../model/errors";

type Options = NonNullable<ParseArgsConfig["options"]>;

/**
 * @param usage for the message when the arguments are wrong
 * @throws WattlineError with the fault and the usage
 */
export function parse<const T extends Options>(args: readonly string[], options: T, usage: string) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw badArguments(sentence((error as Error).message), usage);
  }
}

/** Node ends some of these with advice about `--` that does not hold here. */
function sentence(message: string): string {
  return `${message.split(/\. To specify|\. Did you/)[0]!.replace(/\.$/, "")}.`;
}

/** `--json` alone is true; `--json=FILE` is the file. Takes the word out of `args`. */
export function takeJson(args: readonly string[]): { json: boolean | string; rest: string[] } {
  const last = args.findLast((word) => word === "--json" || word.startsWith("--json="));
  const json = last === undefined ? false : last === "--json" ? true : last.slice("--json=".length);
  return { json, rest: args.filter((word) => word !== "--json" && !word.startsWith("--json=")) };
}

/** @throws WattlineError when the text is not a number within the bounds */
export function numberOption(name: string, text: string, least: number, most: number, usage: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= least && value <= most)) {
    throw badArguments(`--${name} takes a number from ${least} to ${most}, not "${text}".`, usage);
  }
  return value;
}
