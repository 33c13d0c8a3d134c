/**
 * The few file operations that meters need, synchronous: a read of sysfs or procfs waits for no disk. A seam, because
 * a test that runs as root cannot take its own permission to read away.
 */
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readlinkSync, readSync } from "node:fs";

export interface Files {
  /** Names in a folder, sorted. Throws as `node:fs` does (`code`: ENOENT, EACCES…). */
  list(path: string): readonly string[];
  exists(path: string): boolean;
  /** A file's text without white space at its ends. Throws as `node:fs` does. */
  text(path: string): string;
  /** Where a link points, as written. Throws as `node:fs` does. */
  link(path: string): string;
  /** A descriptor for reading. Throws as `node:fs` does. */
  open(path: string): number;
  /** The file's beginning, read anew (sysfs computes it at this moment); the number of bytes. Throws as `node:fs` does. */
  read(descriptor: number, into: Uint8Array): number;
  close(descriptor: number): void;
}

export const systemFiles: Files = {
  list: (path) => readdirSync(path).sort(),
  exists: (path) => existsSync(path),
  text: (path) => readFileSync(path, "utf8").trim(),
  link: (path) => readlinkSync(path),
  open: (path) => openSync(path, "r"),
  read: (descriptor, into) => readSync(descriptor, into, 0, into.length, 0),
  close: (descriptor) => closeSync(descriptor),
};

/** The text of a file, or undefined where it cannot be had. */
export function textOf(files: Files, path: string): string | undefined {
  try {
    return files.text(path);
  } catch {
    return undefined;
  }
}

/** The names in a folder; none where it cannot be had. */
export function namesIn(files: Files, path: string): readonly string[] {
  try {
    return files.list(path);
  } catch {
    return [];
  }
}

/** The code of a file system error: "EACCES", "ENOENT"… */
export function errorCode(error: unknown): string {
  return (error as NodeJS.ErrnoException | undefined)?.code ?? "unknown error";
}

const newline = 10;
const digit0 = 48;

/**
 * A non-negative decimal number in the first bytes of a file, at most up to 2^53; NaN for anything else. Sysfs prints
 * a counter as digits and a newline; an empty file, a sign, letters or a cut number are no reading.
 */
export function decimal(bytes: Uint8Array, length: number): number {
  const end = length > 0 && bytes[length - 1] === newline ? length - 1 : length;
  if (end < 1 || end > 20) return Number.NaN;
  let value = 0;
  for (let i = 0; i < end; i++) {
    const digit = bytes[i]! - digit0;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  return value <= Number.MAX_SAFE_INTEGER ? value : Number.NaN;
}
