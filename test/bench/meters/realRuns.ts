/** Whole runs in real time: the command line, its sampler, a fake GPU, and what the report says. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Manifest } from "../../../src/model/manifest";
import type { Report } from "../../../src/model/report";
import { FakeNvml } from "../../fixtures/fake-nvml/scenario";
import { random } from "../../fixtures/simulation/random";

export interface RealRun {
  readonly durationS: number;
  readonly counterPeriodS: number;
  readonly energyJ: number;
  readonly standardErrorJ: number;
  readonly trueJ: number;
}

export async function realRun(durationS: number, counterPeriodS: number): Promise<RealRun> {
  const { between } = random(durationS * 1000 + counterPeriodS * 1e6);
  const power = [];
  for (let atS = 0; atS < durationS + 5; ) {
    power.push({ atS, watts: 70 });
    atS += between(0.005, 0.06);
    power.push({ atS, watts: 300 });
    atS += between(0.005, 0.05);
  }
  const fake = new FakeNvml({ gpus: [{ architecture: 8, counterPeriodS, phaseS: 0.013, power }] });
  const cwd = mkdtempSync(join(tmpdir(), "wattline-bench-"));
  try {
    const args = [resolve("dist/recorder.js"), "run", "--json=report.json", "--", "sleep", String(durationS)];
    spawnSync(process.execPath, args, { cwd, env: { ...process.env, ...fake.env }, stdio: "ignore" });
    const report = JSON.parse(readFileSync(join(cwd, "report.json"), "utf8")) as Report;
    const root = join(cwd, ".wattline/runs");
    const manifest = JSON.parse(readFileSync(join(root, readdirSync(root)[0]!, "run.json"), "utf8")) as Manifest;
    const zeroS = manifest.startedMonotonicS - fake.startS;
    const gpu = report.devices.find(({ kind }) => kind === "gpu")!;
    return {
      durationS,
      counterPeriodS,
      energyJ: gpu.energyJ ?? Number.NaN,
      standardErrorJ: gpu.standardErrorJ ?? Number.NaN,
      trueJ: fake.trueEnergyJ(0, zeroS + manifest.child!.startS!, zeroS + manifest.end!.timeS),
    };
  } finally {
    fake.dispose();
    rmSync(cwd, { recursive: true, force: true });
  }
}
