/** From a file's bytes to Python source, or why they are none. */
import { type Answer, known, unknown } from "../model/answer";

/**
 * Python is UTF-8 unless one of its first two lines says otherwise (PEP 263); a byte order mark is taken off, and lines
 * that end in a lone carriage return become lines.
 *
 * @returns unknown, with the fault in words that follow "cannot be read:", for bytes that are no text
 */
export function decodePython(bytes: Uint8Array): Answer<string> {
  if (bytes.includes(0)) return unknown("it holds bytes of zero, so it is binary and not Python source");
  try {
    return known(lines(new TextDecoder("utf-8", { fatal: true }).decode(bytes)));
  } catch {
    const head = new TextDecoder("latin1").decode(bytes.subarray(0, 400)).split("\n", 2).join("\n");
    const encoding = /^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)/m.exec(head)?.[1];
    if (encoding === undefined) return unknown("it is not UTF-8 and names no other encoding in its first two lines");
    // Python writes `latin-1` and `iso8859-15`, the web `latin1` and `iso-8859-15`.
    const label = encoding
      .toLowerCase()
      .replaceAll("_", "-")
      .replace(/^latin-/, "latin")
      .replace(/^iso8859/, "iso-8859");
    try {
      return known(lines(new TextDecoder(label, { fatal: true }).decode(bytes)));
    } catch {
      return unknown(`it says that it is ${encoding} and is not, or that encoding is not known here`);
    }
  }
}

function lines(text: string): string {
  return text.replace(/\r\n?/g, "\n");
}

/** Why a path with this text is taken for something other than Python; undefined where it may be Python. */
export function notPython(path: string, text: string): string | undefined {
  if (/\.(py|pyw|pyi)$/i.test(path)) return undefined;
  if (/\.ipynb$/i.test(path)) return "it is a notebook; export it first (jupyter nbconvert --to script)";
  if (/^#!.*python/.test(text)) return undefined;
  return "it is not Python: its name does not end in .py and its first line starts no Python interpreter";
}
