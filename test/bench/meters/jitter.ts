/** How regular polls are, with nothing else to do and beside programs that keep both cores busy. */
import { type ChildProcess, spawn } from "node:child_process";
import type { Device } from "../../../src/model/device";
import { LocalGroup } from "../../../src/recording/localGroup";
import { wait } from "./processes";

export interface Jitter {
  readonly busy: number;
  readonly polls: number;
  /** Seconds between two polls that were meant to be `meantS` apart on average. */
  readonly meantS: number;
  readonly intervalS: {
    readonly p1: number;
    readonly p50: number;
    readonly p90: number;
    readonly p99: number;
    readonly most: number;
  };
}

const device: Device = {
  id: "none",
  kind: "cpu",
  name: "None",
  meter: "none",
  source: "measured",
  counted: true,
  updatePeriodS: 0.001,
};

/** @param busy programs that compute all the time meanwhile */
export async function jitterOf(busy: number, rateHz: number, seconds: number): Promise<Jitter> {
  const loops: ChildProcess[] = Array.from({ length: busy }, () =>
    spawn(process.execPath, ["-e", "for (;;);"], { stdio: "ignore" }),
  );
  const startedAt = performance.now();
  const timeS = () => (performance.now() - startedAt) / 1000;
  const atS: number[] = [];
  const open = {
    read() {
      atS.push(timeS());
      return [{ energyJ: atS.length }];
    },
    close() {},
  };
  const group = new LocalGroup([device], open, { rateHz, timeS });
  try {
    group.start(() => {});
    await wait(seconds);
    await group.stop();
  } finally {
    for (const loop of loops) loop.kill("SIGKILL");
  }
  const lengths = atS
    .slice(1)
    .map((time, index) => time - atS[index]!)
    .sort((a, b) => a - b);
  const at = (share: number) => lengths[Math.min(lengths.length - 1, Math.floor(share * lengths.length))]!;
  return {
    busy,
    polls: atS.length,
    meantS: 1 / (Math.max(rateHz, 100) * 0.97),
    intervalS: { p1: at(0.01), p50: at(0.5), p90: at(0.9), p99: at(0.99), most: at(1) },
  };
}
