import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readRun } from "../../../src/store/readRun";
import { drivenPowercap } from "../../fixtures/fake-powercap/driver";
import { newFolder, onlyRun, until, wattline } from "./wattline";

const kills = 50;
/** Side by side, so that fifty take half a minute; more would only starve each other on two cores. */
const lanes = 5;

/** The same moments in every run of the test: a failure can be looked at again. */
function moments(): number[] {
  let state = 20261124;
  return Array.from({ length: kills }, () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return 200 + (state / 2147483648) * 2300;
  });
}

describe("a recorder that is killed", () => {
  it("at any of fifty moments leaves a run that opens, is called interrupted and lost at most a second", async () => {
    const waiting = moments();
    const powercap = await drivenPowercap();
    try {
      await Promise.all(Array.from({ length: lanes }, lane));
    } finally {
      await powercap.stop();
    }

    async function lane(): Promise<void> {
      for (let delayMs = waiting.pop(); delayMs !== undefined; delayMs = waiting.pop()) {
        await killAfter(delayMs, { WATTLINE_POWERCAP_ROOT: powercap.root });
      }
    }
  }, 180_000);

  async function killAfter(delayMs: number, env: Record<string, string>): Promise<void> {
    const cwd = newFolder();
    const { child, ended } = wattline(["run", "--", "sh", "-c", "sleep 4; touch finished"], { cwd, env });
    await until(() => existsSync(join(cwd, ".wattline/runs")), "the folder of runs is there");
    await new Promise((done) => setTimeout(done, delayMs));
    const killedS = Number(process.hrtime.bigint()) / 1e9;
    child.kill("SIGKILL");
    await until(() => child.signalCode !== null, "the recorder is gone");
    // The sampler notices by its pipe, writes what it has and ends.
    await new Promise((done) => setTimeout(done, 300));
    // A recorder killed in its first milliseconds may have made no run yet; then there is none that could not be opened.
    const runs = readdirSync(join(cwd, ".wattline/runs")).filter((name) => !name.startsWith(".new-"));
    expect(delayMs < 400 || runs.length === 1).toBe(true);
    if (runs.length === 1) {
      const run = await readRun(onlyRun(cwd));
      expect(run.state).toBe("interrupted");
      expect(run.faults).toEqual([]);
      const lastS = Math.max(0, ...[...run.samples.values()].map(({ timeS }) => timeS.at(-1) ?? 0));
      // Before the manifest has devices nothing is measured that could be lost.
      const measured = run.manifest.devices.length > 0;
      if (measured) expect(killedS - run.manifest.startedMonotonicS - lastS).toBeLessThan(1);
      if (run.manifest.child) await until(() => existsSync(join(cwd, "finished")), "the user's program went on");
    }
    await ended;
  }
});
