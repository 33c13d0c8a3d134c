import { printable, wrap } from "./table";

/** A remedy for a terminal: sentences are broken into lines, commands on indented lines stay whole to be copied. */
export function indentRemedy(text: string): string {
  return text
    .split("\n")
    .map((line) => line.trimEnd())
    .map((line) =>
      line.length > 78 && !line.startsWith(" ") ? wrap(printable(line), 80, "  ") : `${line && "  "}${printable(line)}`,
    )
    .join("\n");
}
