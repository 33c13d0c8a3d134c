import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { readRun } from "../../../src/store/readRun";
import { type DrivenPowercap, drivenPowercap } from "../../fixtures/fake-powercap/driver";
import { isRunning, newFolder, onlyRun, until, wattline } from "./wattline";

let powercap: DrivenPowercap;
beforeEach(async () => {
  powercap = await drivenPowercap({ idleW: 42, idleDramW: 4 });
});
afterEach(() => powercap.stop());

it("wattline bloat says of a run that goes on where its joules went so far", async () => {
  const cwd = newFolder();
  copyFileSync("test/vscode/workspace/train.py", join(cwd, "train.py"));
  const env = { WATTLINE_POWERCAP_ROOT: powercap.root };
  const run = wattline(["run", "--", "python3", "train.py", "400"], { cwd, env });
  await until(() => isRunning(cwd), "the command was started");
  const iterations = async () =>
    (await readRun(onlyRun(cwd)).catch(() => undefined))?.traces[0]?.iterations.loop.length;
  await until(async () => ((await iterations()) ?? 0) > 60, "sixty iterations of a running run", 20_000);
  const { code, stdout, stderr } = await wattline(["bloat", onlyRun(cwd), "--json"], { cwd, env }).ended;
  expect(stderr).toBe("");
  expect(code).toBe(0);
  const report = JSON.parse(stdout);
  expect(report).toMatchObject({ schema: "wattline.waste/1", run: { state: "running" } });
  expect(report.parts.length).toBeGreaterThan(1);
  const sumJ = report.parts.reduce((sum: number, { energyJ }: { energyJ: number }) => sum + energyJ, 0);
  expect(Math.abs(sumJ / report.energyJ - 1)).toBeLessThan(1e-9);
  // 46 W of package and memory, and nothing after the moment of the question.
  expect(Math.abs(report.energyJ / (46 * report.run.durationS) - 1)).toBeLessThan(0.1);
  run.child.kill("SIGINT");
  await run.ended;
});
