import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { FakeNvml } from "../../fixtures/fake-nvml/scenario";

/** The one whose native library every installation for development on this machine has. */
const target = `${process.platform}-${process.arch}`;
let unpacked: string;

describe("the VSIX of a platform", () => {
  beforeAll(() => {
    const made = spawnSync(process.execPath, [resolve("scripts/package.mjs"), "--no-build", target], {
      encoding: "utf8",
    });
    if (made.status !== 0) throw new Error(made.stdout + made.stderr);
    const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
    unpacked = mkdtempSync(join(tmpdir(), "wattline-vsix-"));
    const vsix = resolve(`out/wattline-${version}-${target}.vsix`);
    execFileSync("python3", ["-m", "zipfile", "-e", vsix, unpacked]);
  }, 120_000);

  const inside = (...names: string[]) => join(unpacked, "extension", ...names);

  it("is for that platform and has its native library, and no other", () => {
    expect(readFileSync(join(unpacked, "extension.vsixmanifest"), "utf8")).toContain(`TargetPlatform="${target}"`);
    expect(readdirSync(inside("dist/node_modules/@koromix"))).toEqual([`koffi-${target}`]);
    const natives = readdirSync(unpacked, { recursive: true, encoding: "utf8" }).filter((name) =>
      name.endsWith(".node"),
    );
    expect(natives).toHaveLength(1);
  });

  it("has what its manifest names, and nothing of how it is made", () => {
    const manifest = JSON.parse(readFileSync(inside("package.json"), "utf8"));
    expect(existsSync(inside(manifest.main))).toBe(true);
    for (const key of ["scripts", "dependencies", "devDependencies"]) expect(manifest[key]).toBeUndefined();
    for (const name of ["src", "test", "node_modules", "scripts"]) expect(existsSync(inside(name))).toBe(false);
  });

  it("reads a GPU through its own library, away from this folder", () => {
    const fake = new FakeNvml({ gpus: [{ power: [{ atS: 0, watts: 150 }] }] });
    try {
      const { stdout, status, stderr } = spawnSync(process.execPath, [inside("dist/recorder.js"), "meters", "--json"], {
        cwd: unpacked,
        env: { ...process.env, ...fake.env },
        encoding: "utf8",
      });
      expect(stderr).toBe("");
      expect(status).toBe(0);
      const [gpu] = JSON.parse(stdout).devices.filter(({ kind }: { kind: string }) => kind === "gpu");
      expect(gpu).toMatchObject({ meter: "nvml", source: "measured", powerW: expect.closeTo(150, -1) });
    } finally {
      fake.dispose();
    }
  });
});
