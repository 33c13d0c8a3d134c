import { spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readRun } from "../../../src/store/readRun";
import { drivenPowercap } from "../../fixtures/fake-powercap/driver";
import { newFolder, recorder, start, until } from "./wattline";

describe("wattline watch --samples", () => {
  it("keeps every reading in a run folder that can be followed, and removes it when its standard input closes", async () => {
    const powercap = await drivenPowercap({ idleW: 10, idleDramW: 1 });
    const out = join(newFolder(), "readings");
    const env = {
      ...process.env,
      WATTLINE_POWERCAP_ROOT: powercap.root,
      WATTLINE_RUNTIME_DIR: newFolder(),
      WATTLINE_STATE_DIR: newFolder(),
    };
    const child = spawn(process.execPath, [recorder, "watch", "--samples", "--out", out], {
      env,
      stdio: ["pipe", "ignore", "inherit"],
    });
    const ended = new Promise<number | null>((done) => child.once("close", done));
    try {
      const energyJ = async () => {
        const run = await readRun(out).catch(() => undefined);
        expect(run?.state ?? "running").toBe("running");
        return run?.samples.get("rapl:intel-rapl:0")?.energyJ.at(-1) ?? 0;
      };
      await until(async () => (await energyJ()) > 5, "readings");
      child.stdin!.end();
      expect(await ended).toBe(0);
      expect(existsSync(out)).toBe(false);
    } finally {
      child.kill();
      await powercap.stop();
    }
  });

  it("refuses a folder that has something in it, and leaves that alone", async () => {
    const folder = newFolder();
    const file = join(folder, "mine.txt");
    writeFileSync(file, "mine");
    const { code, stderr } = await start([process.execPath, recorder, "watch", "--samples", "--out", folder]).ended;
    expect(code).toBe(2);
    expect(stderr).toContain("is not empty");
    expect(existsSync(file)).toBe(true);
  });
});
