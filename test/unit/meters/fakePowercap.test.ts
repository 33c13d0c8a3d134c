/** The rig itself: a meter is judged by it, so it is judged first. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { rapl } from "../../../src/meters/rapl";
import {
  type DrivenPowercap,
  drivenPowercap,
  type PhasesTruth,
  phasesScript,
} from "../../fixtures/fake-powercap/driver";

let fake: DrivenPowercap | undefined;
afterEach(async () => fake?.stop());

const run = promisify(execFile);

async function train(root: string, more: readonly string[]): Promise<PhasesTruth> {
  const truth = join(root, "truth.json");
  await run("python3", [phasesScript, "--root", root, "--truth", truth, ...more]);
  return JSON.parse(readFileSync(truth, "utf8")) as PhasesTruth;
}

async function openRapl(root: string) {
  const host = { env: { WATTLINE_POWERCAP_ROOT: root }, platform: "linux" } as const;
  const { devices } = await rapl.find(host);
  return await rapl.open(devices, host);
}

/** Joules between two times: the steps' powers, idle before and after. */
function trueJ(truth: PhasesTruth, fromS: number, toS: number): number {
  const idle = { atS: Number.NEGATIVE_INFINITY, packageW: truth.idle.packageW };
  const steps = [idle, ...truth.steps, { ...idle, atS: Number.POSITIVE_INFINITY }];
  let sum = 0;
  for (let i = 0; i + 1 < steps.length; i++) {
    const overlap = Math.min(toS, steps[i + 1]!.atS) - Math.max(fromS, steps[i]!.atS);
    if (overlap > 0) sum += overlap * steps[i]!.packageW;
  }
  return sum;
}

const monotonicS = () => Number(process.hrtime.bigint()) / 1e9;

describe("the fake powercap", () => {
  it("counts what the program drew, to 0.1 %, over a wrap", { timeout: 20_000 }, async () => {
    // The run of 2 s at some 55 W crosses the end of a round of 10 kJ.
    fake = await drivenPowercap({ rangeUj: 10_000_000_000, startUj: 9_980_000_000 });
    const open = await openRapl(fake.root);
    const startS = monotonicS();
    await open.read();
    let failures = 0;
    let last = (await open.read())[0]!;
    const poll = setInterval(async () => {
      const [reading] = await open.read();
      if (reading!.failure === undefined) last = reading!;
      else failures++;
    }, 20);
    const truth = await train(fake.root, ["--seconds", "2", "--noise", "0.05"]);
    clearInterval(poll);
    last = (await open.read())[0]!;
    const endS = monotonicS();
    await open.close();
    expect(failures).toBe(0);
    const expectedJ = trueJ(truth, startS, endS);
    expect(expectedJ).toBeGreaterThan(90);
    // A reading is up to a period old, and a poll takes its time: 3 ms at 90 W at each end.
    expect(Math.abs(last.energyJ! - expectedJ)).toBeLessThan(0.001 * expectedJ + 0.3);
  });

  it("writes a truth whose phases add up to the integral of its steps", { timeout: 20_000 }, async () => {
    fake = await drivenPowercap();
    const truth = await train(fake.root, ["--seconds", "1", "--seed", "7"]);
    const sum = Object.values(truth.phases).reduce((total, phase) => total + phase.packageJ, 0);
    expect(sum).toBeCloseTo(trueJ(truth, truth.startMonotonicS, truth.endMonotonicS), 6);
    expect(Object.keys(truth.phases).sort()).toEqual(["backward", "data", "forward", "optimizer", "other"]);
    expect(truth.iterations).toBeGreaterThan(5);
  });

  it("publishes at the period it was given", { timeout: 20_000 }, async () => {
    fake = await drivenPowercap({ periodS: 0.1 });
    const open = await openRapl(fake.root);
    const seen = new Set<number>();
    const endS = monotonicS() + 1;
    while (monotonicS() < endS) {
      seen.add((await open.read())[0]!.energyJ!);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await open.close();
    expect(seen.size).toBeGreaterThanOrEqual(9);
    expect(seen.size).toBeLessThanOrEqual(12);
  });
});
