import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import type { Report } from "../../../src/model/report";
import type { WasteReport } from "../../../src/model/waste";
import { drivenPowercap, type RankTruth, ranksScript } from "../../fixtures/fake-powercap/driver";
import { newFolder, onlyRun, wattline } from "./wattline";

const python = resolve(".venv/bin/python");
const idleW = 10;

/** Two gloo ranks under `torchrun`, one slowed on purpose, on a package that they drive themselves. */
async function trained() {
  const powercap = await drivenPowercap({ idleW, idleDramW: 0.5 });
  try {
    const cwd = newFolder();
    const torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"];
    const words = [ranksScript, "--root", powercap.root, "--truth", cwd];
    const env = { WATTLINE_POWERCAP_ROOT: powercap.root, OMP_NUM_THREADS: "1" };
    const run = ["run", "--json=report.json", "--", python, ...torchrun, ...words];
    const { code, stderr } = await wattline(run, { cwd, env }).ended;
    expect(code, stderr).toBe(0);
    const path = onlyRun(cwd);
    const bloat = await wattline(["bloat", path, "--json"], { cwd }).ended;
    expect(bloat.code, bloat.stderr).toBe(0);
    const table = await wattline(["bloat", path], { cwd }).ended;
    return {
      report: JSON.parse(readFileSync(join(cwd, "report.json"), "utf8")) as Report,
      waste: JSON.parse(bloat.stdout) as WasteReport,
      table: table.stdout,
      truth: [0, 1].map((rank) => JSON.parse(readFileSync(join(cwd, `rank-${rank}.json`), "utf8")) as RankTruth),
    };
  } finally {
    await powercap.stop();
  }
}

describe("two ranks on one package, one of them slow", () => {
  it("shows the straggler by name and what the other spent waiting for it, and adds up", async () => {
    const { report, waste, table, truth } = await trained();
    const [fast, slow] = truth as [RankTruth, RankTruth];
    // A rank draws its states' power, and half of what the package draws at idle (DRAM's half watt included).
    const ownW = (state: string) => fast.powersW[state]! + (idleW + 0.5) / 2;
    const shortest = fast.waitsS.map((wait, k) => Math.min(wait, slow.waitsS[k]!));
    const excessS = ({ waitsS }: RankTruth) => waitsS.reduce((sum, wait, k) => sum + wait - shortest[k]!, 0);
    const trueJ = excessS(fast) * ownW("wait");

    const [straggler] = waste.stragglers;
    expect(straggler).toMatchObject({ rank: 1, chronic: true, cause: "compute" });
    expect(straggler!.evidence).toMatch(/forward/);
    expect(
      Math.abs(straggler!.energyOfOthersJ / trueJ - 1),
      `${straggler!.energyOfOthersJ} of ${trueJ} J`,
    ).toBeLessThan(0.1);
    expect(Math.abs(straggler!.waitingOfOthersS / excessS(fast) - 1)).toBeLessThan(0.05);
    expect(table).toMatch(/Rank 1 is slow all the time/);

    // (The truth counts the last gradient, too, which the tracer does not take for a wait.)
    // The shortest waits are the collectives' own, of both ranks.
    const part = (id: string) => waste.parts.find((one) => one.id === id);
    const ownS = 2 * shortest.reduce((sum, wait) => sum + wait, 0);
    expect(part("communication")!.kind).toBe("intrinsic");
    expect(Math.abs(part("communication")!.durationS - ownS)).toBeLessThan(0.06 * excessS(fast));
    expect(part("straggler-1")).toMatchObject({ kind: "extrinsic", rank: 1, energyJ: straggler!.energyOfOthersJ });

    // Nothing twice, nothing lost.
    const sum = waste.parts.reduce((total, { energyJ }) => total + energyJ, 0);
    expect(sum / waste.energyJ).toBeCloseTo(1, 9);
    expect(waste.energyJ / report.energyJ!).toBeCloseTo(1, 9);
    expect(waste.parts.every(({ energyJ }) => energyJ >= 0)).toBe(true);
    expect(waste.run).toMatchObject({ ranks: 2, iterations: fast.waitsS.length });

    // The report has each rank's phases.
    for (const { rank, seconds } of truth) {
      for (const phase of ["forward", "backward"]) {
        const row = report.phases.find((one) => one.phase === phase && one.rank === rank)!;
        const expected = seconds[phase]! * ownW(phase);
        expect(Math.abs(row.energyJ / expected - 1), `${phase} of rank ${rank}`).toBeLessThan(0.1);
      }
    }
  }, 180_000);
});
