/** The processes of one test, found by a variable that only they have in their environment. */
import { readdirSync, readFileSync } from "node:fs";

export interface Process {
  readonly pid: number;
  readonly parent: number;
  /** Z: ended, and nobody has asked how. */
  readonly state: string;
  readonly words: readonly string[];
}

/** Linux: all processes with `name=value` in their environment. A zombie has none any more and is found by its parent. */
export function processesWith(name: string, value: string): Process[] {
  return all().filter(({ pid }) => text(pid, "environ").split("\0").includes(`${name}=${value}`));
}

export function childrenOf(parent: number): Process[] {
  return all().filter((process) => process.parent === parent);
}

export const isHost = ({ words }: Process) => words.at(-1)?.endsWith("meterHost.js") === true;
export const isSampler = ({ words }: Process) => words.at(-1)?.endsWith("sampler.js") === true;

function all(): Process[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const pid = Number(name);
      const stat = text(pid, "stat");
      const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      const words = text(pid, "cmdline").split("\0").slice(0, -1);
      return state === undefined || parent === undefined ? [] : [{ pid, parent: Number(parent), state, words }];
    });
}

function text(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}
