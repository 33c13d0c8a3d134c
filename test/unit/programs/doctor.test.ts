import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { deviceSchema, unavailableSchema } from "../../../src/model/device";
import { FakeNvml } from "../../fixtures/fake-nvml/scenario";
import { drivenPowercap } from "../../fixtures/fake-powercap/driver";
import { newFolder, wattline } from "./wattline";

const positive = v.pipe(v.number(), v.gtValue(0));
const doctorSchema = v.strictObject({
  schema: v.literal("wattline.doctor/1"),
  meters: v.object({
    schema: v.literal("wattline.meters/1"),
    devices: v.array(v.object({ ...deviceSchema.entries, powerW: v.optional(v.number()) })),
    unavailable: v.array(unavailableSchema),
  }),
  checks: v.array(
    v.strictObject({
      id: v.string(),
      state: v.picklist(["ok", "warning", "failed"]),
      message: v.string(),
      remedy: v.optional(v.string()),
    }),
  ),
  trials: v.array(
    v.strictObject({
      device: v.string(),
      updatePeriodS: v.optional(positive),
      noiseW: v.optional(v.pipe(v.number(), v.minValue(0))),
      pollTimeS: positive,
    }),
  ),
});

async function doctor(env: Record<string, string>, cwd = newFolder()) {
  const { code, stdout, stderr } = await wattline(["doctor", "--json"], { cwd, env }).ended;
  expect(stderr).toBe("");
  expect(code).toBe(0);
  const answer = v.parse(doctorSchema, JSON.parse(stdout));
  return { ...answer, check: (id: string) => answer.checks.find((one) => one.id === id) };
}

/** A folder of programs in which there is no Python but the given one. */
function pathWith(python: string | undefined): string {
  const folder = newFolder();
  symlinkSync("/bin/sh", join(folder, "sh"));
  if (python !== undefined) writeFileSync(join(folder, "python3"), `#!/bin/sh\n${python}\n`, { mode: 0o755 });
  return folder;
}

describe("wattline doctor", () => {
  it("finds how often each meter has something new, how much its power varies and what a poll costs", async () => {
    const powercap = await drivenPowercap({ idleW: 42, periodS: 0.05 });
    // This one states 100 ms, as the Amperes have them, and counts every 40 ms.
    const power = [
      { atS: 0, watts: 60 },
      { atS: 0.2, watts: 160 },
    ];
    const fake = new FakeNvml({
      gpus: [{ architecture: 8, counterPeriodS: 0.04, power, repeatS: 0.4 }, { hasCounter: false }],
      latencyS: 50e-6,
    });
    try {
      const { meters, trials, check } = await doctor({ ...fake.env, WATTLINE_POWERCAP_ROOT: powercap.root });
      expect(trials.map(({ device }) => device)).toEqual(meters.devices.map(({ id }) => id));
      const [gpu, steady] = trials;
      expect(Math.abs(gpu!.updatePeriodS! / 0.04 - 1)).toBeLessThan(0.15);
      // Windows of 0.1 s of a power that is 60 and 160 W by turns, each for 0.2 s: 50 W, but for the counter's steps.
      expect(gpu!.noiseW).toBeGreaterThan(25);
      expect(gpu!.noiseW).toBeLessThan(60);
      expect(gpu!.pollTimeS).toBeGreaterThan(50e-6);
      expect(gpu!.pollTimeS).toBeLessThan(5e-3);
      expect(steady!.updatePeriodS).toBeUndefined();
      const cpu = trials.find(({ device }) => device === "rapl:intel-rapl:0")!;
      expect(Math.abs(cpu.updatePeriodS! / 0.05 - 1)).toBeLessThan(0.15);
      // A constant power: what varies is when a busy machine lets the driver and the poll run, a few percent.
      expect(cpu.noiseW).toBeLessThan(5);
      expect(check("energy")).toMatchObject({ state: "ok" });
      expect(meters.devices[0]!.powerW).toBeGreaterThan(90);
      expect(meters.devices[0]!.powerW).toBeLessThan(130);
    } finally {
      fake.dispose();
      await powercap.stop();
    }
  });

  it("on a machine with nothing says that energy is a guess, and leaves nothing behind", async () => {
    const cwd = newFolder();
    const { meters, check } = await doctor({ WATTLINE_POWERCAP_ROOT: newFolder() }, cwd);
    expect(meters.unavailable.map(({ meter }) => meter)).toContain("rapl");
    expect(check("energy")).toMatchObject({ state: "warning" });
    expect(check("runs-folder")).toMatchObject({ state: "ok" });
    expect(check("clock")?.message).toMatch(/takes \d+ ns/);
    expect(check("machine")?.message).toMatch(/^Linux /);
    expect(check("libraries")).toMatchObject({ state: "ok", message: expect.stringMatching(/koffi 3/) });
    expect(readdirSync(cwd)).toEqual([]);
  });

  it("starts the tracer with the Python that it finds", async () => {
    const { check } = await doctor({});
    expect(check("python")).toMatchObject({ state: "ok", message: expect.stringMatching(/^CPython 3\.\d+/) });
    expect(check("tracer")).toMatchObject({ state: "ok" });
  });

  it.each([
    ["there is none", undefined, "python", "warning", /no python3 in PATH/],
    ["it does not run", "echo broken >&2; exit 1", "python", "failed", /does not run/],
    [
      "it does not let the tracer in",
      `PYTHONPATH= exec ${process.env.PYTHON ?? "/usr/bin/env -S PATH=/usr/bin:/usr/local/bin:/root/.pyenv/shims:/bin python3"} "$@"`,
      "tracer",
      "warning",
      /does not import sitecustomize/,
    ],
  ])("says of Python that %s", async (_, python, id, state, message) => {
    const { check } = await doctor({ PATH: pathWith(python) });
    expect(check(id)).toMatchObject({ state, message: expect.stringMatching(message), remedy: expect.any(String) });
  });

  it("says that runs cannot be written where they cannot", async () => {
    const { check } = await doctor({}, "/proc");
    expect(check("runs-folder")).toMatchObject({ state: "failed", remedy: expect.stringMatching(/--out/) });
  });

  it("answers people in questions and ends with a text for a bug report, without the user's folder", async () => {
    const cwd = newFolder();
    const home = join(cwd, "home");
    mkdirSync(home);
    const env = { WATTLINE_POWERCAP_ROOT: newFolder(), HOME: home };
    const { code, stdout } = await wattline(["doctor"], { cwd: home, env }).ended;
    expect(code).toBe(0);
    const questions = stdout.split("\n").filter((line) => /^[A-Z].*\?$/.test(line));
    expect(questions).toEqual([
      "What can be measured here?",
      "What cannot, and what helps?",
      "How good are the readings?",
      "Is everything else in place?",
      "What now?",
    ]);
    expect(stdout).toMatch(/guessed from its load/);
    const report = stdout.slice(stdout.indexOf("For a bug report"));
    expect(report).toMatch(/ok runs-folder: Runs go to ~\/\.wattline/);
    expect(report).not.toContain(home);
    for (const line of stdout.slice(0, stdout.indexOf("For a bug report")).split("\n")) {
      if (!/docker|sudo/.test(line)) expect([...line].length).toBeLessThanOrEqual(80);
    }
  });

  it("takes no words", async () => {
    expect((await wattline(["doctor", "who"]).ended).code).toBe(2);
  });
});
