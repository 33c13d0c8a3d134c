/**
 * Text in the middle of being typed: a bracket that is not closed yet swallows everything behind it, and with it the loops
 * that the user sees on the screen. This closes such brackets where the next statement plainly begins. Lines keep their
 * numbers; only texts that do not parse are given to it, so that guesses cost nothing where nothing is wrong.
 */

const closers: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };
const compound = /^\s*(async\s+)?(def|class|for|while|if|elif|with|except|match|case)\b/;
/** Begins a statement wherever it stands: no line inside brackets starts like this. */
const statement =
  /^\s*(def|class|return|import|while|with|try|raise|del|pass|break|continue|global|nonlocal|assert|elif|except|finally|@\w)\b|^\s*(for|if|else|async)\b.*:\s*(#.*)?$|^\s*from\s+[\w.]+\s+import\b/;

/** Quotes that come in odd numbers are mended one after the other; a text with more is no program. */
const mostRescans = 5;

/** @returns the text with brackets and strings closed that were left open; the same text where none were */
export function mend(text: string): string {
  const lines = text.split("\n");
  let open: string[] = [];
  /** The line at which the statement with the open brackets began. */
  let first = 0;
  let quote = "";
  let quoteLine = 0;
  let lastCode = 0;
  let rescans = 0;
  for (let row = 0; row < lines.length; row++) {
    const line = lines[row]!;
    if (quote === "" && open.length > 0 && line.trim() !== "" && startsStatement(line, lines[first]!)) {
      lines[lastCode] = closed(lines[lastCode]!, open, compound.test(lines[first]!));
      open = [];
    }
    if (open.length === 0 && quote === "") first = row;
    const before = quote;
    const scanned = scan(lines[row]!, open, quote);
    quote = scanned.quote;
    if (quote !== "" && before === "") quoteLine = row;
    if (scanned.extra >= 0) {
      lines[row] = line.slice(0, scanned.extra);
      open = [];
    }
    if (line.trim() !== "") lastCode = row;
    // `def f(x:` ends a header, whatever the brackets say.
    if (
      open.length > 0 &&
      quote === "" &&
      row === first &&
      compound.test(line) &&
      /:\s*$/.test(line) &&
      !/lambda/.test(line)
    ) {
      lines[row] = closed(line, open, true);
      open = [];
    }
    if (row === lines.length - 1 && quote !== "" && rescans++ < mostRescans) {
      // Unclosed to the end: the opening quotes go, and what they swallowed is read as code.
      lines[quoteLine] = lines[quoteLine]!.slice(0, Math.max(0, lines[quoteLine]!.lastIndexOf(quote)));
      quote = "";
      open = [];
      row = quoteLine;
    }
  }
  if (open.length > 0) lines[lastCode] = closed(lines[lastCode]!, open, compound.test(lines[first]!));
  return lines.join("\n");
}

function startsStatement(line: string, first: string): boolean {
  if (/^\s*[)\]}#]/.test(line)) return false;
  return indent(line) <= indent(first) || statement.test(line);
}

function indent(line: string): number {
  return line.length - line.trimStart().length;
}

function closed(line: string, open: readonly string[], isHeader: boolean): string {
  const comment = line.lastIndexOf(" #");
  const code = (comment === -1 || /["']/.test(line.slice(comment)) ? line : line.slice(0, comment)).trimEnd();
  const missing = open
    .map((bracket) => closers[bracket])
    .reverse()
    .join("");
  return isHeader ? `${code.replace(/[:,]$/, "")}${missing}:` : code + missing;
}

/** Reads one line, updates `open`; returns the triple quote that is open behind it and where a closer has no opener. */
function scan(line: string, open: string[], inside: string): { quote: string; extra: number } {
  let quote = inside;
  for (let at = 0; at < line.length; at++) {
    const character = line[at]!;
    if (quote !== "") {
      if (character === "\\") at++;
      else if (line.startsWith(quote, at)) {
        at += quote.length - 1;
        quote = "";
      }
    } else if (character === "#") break;
    else if (character === '"' || character === "'") {
      quote = line.startsWith(character.repeat(3), at) ? character.repeat(3) : character;
      at += quote.length - 1;
    } else if (character in closers) open.push(character);
    else if (")]}".includes(character)) {
      if (closers[open.at(-1) ?? ""] !== character) return { quote: "", extra: at };
      open.pop();
    }
  }
  // Only triple quotes go on behind the end of a line.
  return { quote: quote.length === 3 ? quote : "", extra: -1 };
}
