import { type Files, textOf } from "./files";

/** The processor's model name as Linux gives it, without trademark signs and clock; absent elsewhere. */
export function cpuName(files: Files): string | undefined {
  const line = /^model name\s*:\s*(.+)$/m.exec(textOf(files, "/proc/cpuinfo") ?? "")?.[1];
  return line
    ?.replace(/\((?:R|TM|tm)\)/g, "")
    .replace(/\s*(?:CPU)?\s*@.*$/, "")
    .replace(/\s+/g, " ")
    .trim();
}
