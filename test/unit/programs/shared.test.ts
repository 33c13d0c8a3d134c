import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Report } from "../../../src/model/report";
import { drivenPowercap } from "../../fixtures/fake-powercap/driver";
import { isRunning, manifestAt, newFolder, onlyRun, until, wattline } from "./wattline";

const watts = 42;

async function withMachine(test: (env: Record<string, string>) => Promise<void>): Promise<void> {
  const powercap = await drivenPowercap({ idleW: watts, idleDramW: 3 });
  try {
    await test({ WATTLINE_POWERCAP_ROOT: powercap.root, WATTLINE_RUNTIME_DIR: newFolder() });
  } finally {
    await powercap.stop();
  }
}

const slurm = (rank: number) => ({ SLURM_JOB_ID: "77", SLURM_STEP_ID: "0", SLURM_PROCID: String(rank) });
const reportOf = (run: string) => JSON.parse(readFileSync(join(run, "summary.json"), "utf8")) as Report;

describe("runs at the same time on one node", () => {
  it("have one sampler, and four ranks of a job count the node once", async () => {
    await withMachine(async (env) => {
      const folders = [0, 1, 2, 3].map(() => newFolder());
      const runs = folders.map((cwd, rank) =>
        wattline(["run", "--", "sleep", "3"], { cwd, env: { ...env, ...slurm(rank) } }),
      );
      for (const { ended } of runs) expect((await ended).code).toBe(0);
      const paths = folders.map(onlyRun);
      const serving = paths.filter((path) => manifestAt(path).samplesFrom === undefined);
      expect(serving).toHaveLength(1);
      for (const path of paths) {
        expect(existsSync(join(path, "samples.arrow"))).toBe(path === serving[0]);
        if (path !== serving[0]) expect(manifestAt(path).samplesFrom).toBe(serving[0]);
      }
      const counted = paths.flatMap((path) => reportOf(path).devices.filter((device) => device.counted));
      const packages = counted.filter(({ kind }) => kind === "cpu");
      expect(packages).toHaveLength(1);
      expect(Math.abs(packages[0]!.energyJ! / (3 * watts) - 1)).toBeLessThan(0.05);
      // A rank that does not count the package still says what it drew meanwhile.
      for (const path of paths) {
        const cpu = reportOf(path).devices.find(({ kind, partOf }) => kind === "cpu" && partOf === undefined)!;
        expect(cpu.averagePowerW).toBeGreaterThan(watts * 0.95);
      }
    });
  });

  it("that have nothing to do with each other each have the whole machine", async () => {
    await withMachine(async (env) => {
      const [first, second] = [newFolder(), newFolder()];
      const long = wattline(["run", "--", "sleep", "3"], { cwd: first, env });
      await until(() => isRunning(first), "a run");
      const short = wattline(["run", "--", "sleep", "1.5"], { cwd: second, env });
      await Promise.all([long.ended, short.ended]);
      expect(manifestAt(onlyRun(second)).samplesFrom).toBe(onlyRun(first));
      const { energyJ, run } = reportOf(onlyRun(second));
      expect(run.durationS).toBeLessThan(2);
      expect(Math.abs(energyJ! / (run.durationS * (watts + 3)) - 1)).toBeLessThan(0.05);
    });
  });

  it("outlive the run whose sampler serves them, and the sampler ends with the last of them", async () => {
    await withMachine(async (env) => {
      const [first, second] = [newFolder(), newFolder()];
      const short = wattline(["run", "--", "sleep", "1.5"], { cwd: first, env });
      await until(() => isRunning(first), "a run");
      const long = wattline(["run", "--", "sleep", "4"], { cwd: second, env });
      await short.ended;
      expect(reportOf(onlyRun(first)).energyJ).toBeGreaterThan(1.4 * watts);
      await long.ended;
      const { energyJ, run } = reportOf(onlyRun(second));
      expect(Math.abs(energyJ! / (run.durationS * (watts + 3)) - 1)).toBeLessThan(0.05);
      expect(readdirSync(env.WATTLINE_RUNTIME_DIR!)).toEqual([]);
      await until(() => !existsSync(join(onlyRun(first), "users")), "the sampler saw that nobody needs it");
    });
  });

  it("keep their samples where the run whose sampler serves them is called off before its command starts", async () => {
    await withMachine(async (env) => {
      const [first, second] = [newFolder(), newFolder()];
      // Two seconds of idle come before the command: it serves by then.
      const calledOff = wattline(["run", "--", "sleep", "30"], { cwd: first, env, idle: true });
      await until(() => readdirSync(env.WATTLINE_RUNTIME_DIR!).length > 0, "somebody serves");
      const other = wattline(["run", "--", "sleep", "3"], { cwd: second, env });
      await until(() => isRunning(second), "a run");
      expect(manifestAt(onlyRun(second)).samplesFrom).toBe(onlyRun(first));
      calledOff.child.kill("SIGTERM");
      expect((await calledOff.ended).code).toBe(143);
      expect((await other.ended).code).toBe(0);
      const { energyJ, run } = reportOf(onlyRun(second));
      expect(Math.abs(energyJ! / (run.durationS * (watts + 3)) - 1)).toBeLessThan(0.05);
      const manifest = manifestAt(onlyRun(first));
      expect(manifest.child).toBeUndefined();
      expect(manifest.end).toMatchObject({ signal: "SIGTERM" });
    });
  });

  it("find a sampler that was killed gone, and start their own", async () => {
    await withMachine(async (env) => {
      const [first, second] = [newFolder(), newFolder()];
      const run = wattline(["run", "--", "sleep", "3"], { cwd: first, env });
      const lock = () => readdirSync(env.WATTLINE_RUNTIME_DIR!)[0];
      await until(() => lock() !== undefined, "somebody serves");
      const { pid } = JSON.parse(readFileSync(join(env.WATTLINE_RUNTIME_DIR!, lock()!), "utf8")) as { pid: number };
      process.kill(pid, "SIGKILL");
      await wattline(["run", "--", "sleep", "1.5"], { cwd: second, env }).ended;
      expect(manifestAt(onlyRun(second)).samplesFrom).toBeUndefined();
      expect(reportOf(onlyRun(second)).energyJ).toBeGreaterThan(watts);
      const { code, stderr } = await run.ended;
      expect(code).toBe(0);
      expect(stderr).toMatch(/sampler ended/);
    });
  });
});
