/**
 * A line of arguments as a list of words: blanks separate, quotes and backslashes keep. Nothing is expanded and no shell
 * is asked, so `$HOME`, `*` and `;` are what they look like.
 * @returns undefined where a quote is not closed
 */
export function splitWords(line: string): string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  for (let at = 0; at < line.length; at++) {
    const character = line[at]!;
    if (quote !== undefined) {
      if (character === quote) quote = undefined;
      else if (character === "\\" && quote === '"' && '"\\'.includes(line[at + 1] ?? " ")) word += line[++at]!;
      else word += character;
    } else if (character === '"' || character === "'") {
      quote = character;
      word ??= "";
    } else if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (character === "\\" && /[\s"'\\]/.test(line[at + 1] ?? "")) word = (word ?? "") + line[++at]!;
    else word = (word ?? "") + character;
  }
  if (quote !== undefined) return undefined;
  if (word !== undefined) words.push(word);
  return words;
}
