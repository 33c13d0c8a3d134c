/** Columns for a terminal: text to the left, numbers to the right, two spaces between. */
export type Align = "left" | "right";

/** @param rows cells as text; the first row is the heading where `aligns` is shorter no row may be */
export function table(rows: readonly (readonly string[])[], aligns: readonly Align[]): string {
  const widths = aligns.map((_, column) => Math.max(0, ...rows.map((row) => width(row[column] ?? ""))));
  return rows
    .map((row) =>
      aligns
        .map((align, column) => {
          const cell = row[column] ?? "";
          const space = " ".repeat(widths[column]! - width(cell));
          return align === "left" ? cell + space : space + cell;
        })
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** Characters, not UTF-16 units; combining marks and wide scripts do not occur in our own words. */
function width(text: string): number {
  return [...text].length;
}

/** Text from a run folder may hold escape sequences that would drive the terminal: control characters are shown as `?`. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, "?");
}

/** Breaks a sentence into lines of at most `columns`, each with `indent` before it. */
export function wrap(text: string, columns: number, indent: string): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    if (line !== "" && width(indent) + width(line) + 1 + width(word) > columns) {
      lines.push(indent + line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  if (line !== "") lines.push(indent + line);
  return lines.join("\n");
}
