/** What processes cost, from Linux's /proc. */
import { readdirSync, readFileSync } from "node:fs";

/** CPU seconds of all threads so far, to the nanosecond (schedstat's first field). */
export function cpuTimeS(pid: number): number {
  const folder = `/proc/${pid}/task`;
  const times = readdirSync(folder).map((task) =>
    Number(readFileSync(`${folder}/${task}/schedstat`, "utf8").split(" ")[0]),
  );
  return times.reduce((sum, time) => sum + time, 0) / 1e9;
}

export interface Memory {
  /** All pages that are in memory: what `top` shows. Node's own program is counted in each process. */
  readonly residentBytes: number;
  /** Pages that several processes share are counted by their part. */
  readonly proportionalBytes: number;
}

export function memoryOf(pid: number): Memory {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  const bytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1]) * 1024;
  return { residentBytes: bytes("Rss"), proportionalBytes: bytes("Pss") };
}

export function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number);
}

export function wordsOf(pid: number): string[] {
  return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(0, -1);
}

export const wait = (seconds: number) => new Promise<void>((resolve) => setTimeout(resolve, seconds * 1000));
