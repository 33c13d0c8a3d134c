import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Report } from "../../../src/model/report";
import { drivenPowercap, phasesScript } from "../../fixtures/fake-powercap/driver";
import { manifestAt, newFolder, onlyRun, wattline } from "./wattline";

describe("the energy above idle", () => {
  it("is known after two seconds before the first run, and without them in the next", async () => {
    const powercap = await drivenPowercap({ idleW: 10, idleDramW: 1 });
    const env = { WATTLINE_POWERCAP_ROOT: powercap.root, WATTLINE_STATE_DIR: newFolder() };
    try {
      const [first, second] = [newFolder(), newFolder()];
      const loop = [
        "python3",
        phasesScript,
        "--root",
        powercap.root,
        "--truth",
        join(first, "truth.json"),
        "--seconds",
        "4",
      ];
      const { stderr } = await wattline(["run", "--", ...loop], { cwd: first, env, idle: true }).ended;
      expect(stderr).toMatch(/J of it above idle\./);
      const read = (folder: string) =>
        JSON.parse(readFileSync(join(onlyRun(folder), "summary.json"), "utf8")) as Report;
      const cpu = ({ devices }: Report) => devices.find(({ kind, counted }) => kind === "cpu" && counted)!;
      const told = read(first);
      expect(manifestAt(onlyRun(first)).child!.startS).toBeGreaterThan(2);
      expect(Math.abs(cpu(told).idleEnergyJ! / (10 * told.run.durationS) - 1)).toBeLessThan(0.05);
      expect(cpu(told).energyJ).toBeGreaterThan(3 * cpu(told).idleEnergyJ!);
      await wattline(["run", "--", "sleep", "1"], { cwd: second, env, idle: true }).ended;
      expect(manifestAt(onlyRun(second)).child!.startS).toBeLessThan(2);
      expect(Math.abs(cpu(read(second)).idleEnergyJ! / (10 * read(second).run.durationS) - 1)).toBeLessThan(0.05);
    } finally {
      await powercap.stop();
    }
  });
});
