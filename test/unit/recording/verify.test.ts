import { mkdirSync, mkdtempSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { verifyAnswer } from "../../../src/analysis/quantization/verify";
import type { VerifyPlan } from "../../../src/model/verify";
import { verify } from "../../../src/recording/verify";
import { type DrivenPowercap, drivenPowercap } from "../../fixtures/fake-powercap/driver";

/** The programs that ship, with another in the place of the one that runs in the user's Python. */
function installationWith(program: string) {
  const dist = mkdtempSync(join(tmpdir(), "wattline-dist-"));
  for (const name of readdirSync("dist")) if (name !== "verify") symlinkSync(resolve("dist", name), join(dist, name));
  mkdirSync(join(dist, "verify"));
  writeFileSync(join(dist, "verify/run.py"), program);
  return { dist, version: "0.0.0" };
}

const plan: VerifyPlan = {
  model: "/nowhere",
  data: "/nowhere",
  samples: 2,
  window: 8,
  parameters: 1,
  matrices: [],
  formats: [],
  mixes: [],
  measured: [],
  seconds: 1,
  batch: 1,
};

const begin = "import json, sys, time\nplan, result = sys.argv[1:]\n";
/** Spans of half a second in turns; a variant that does twice as much in the time. */
const turns = `${begin}
spans = []
for turn in range(4):
    for variant, units in (("baseline", 50), ("nf4", 100)):
        start = time.monotonic()
        time.sleep(0.5)
        spans.append({"variant": variant, "beside": "nf4", "startS": start, "durationS": time.monotonic() - start, "units": units})
outcome = {"count": [10, 10], "loss": [20.0, 22.0]}
json.dump({"task": "language", "computedIn": "float32", "device": "cpu", "samples": 2, "window": 8, "missing": [],
  "missingCount": 0, "baseline": outcome, "variants": [{"name": "nf4", **outcome, "agree": [10, 9]}], "spans": spans,
  "unmeasured": [], "unit": "token", "versions": {}}, open(result, "w"))
`;

let powercap: DrivenPowercap | undefined;
afterEach(async () => {
  await powercap?.stop();
  powercap = undefined;
});

const settings = (env: Record<string, string> = {}) => ({
  python: "python3",
  cwd: tmpdir(),
  env: {
    ...process.env,
    WATTLINE_RUNTIME_DIR: mkdtempSync(join(tmpdir(), "wattline-")),
    WATTLINE_STATE_DIR: mkdtempSync(join(tmpdir(), "wattline-")),
    ...env,
  },
});

describe("verifying in the user's Python", () => {
  it("takes the energy of each variant from the meters, turn by turn", async () => {
    powercap = await drivenPowercap({ idleW: 30, idleDramW: 3 });
    const run = await verify(plan, settings({ WATTLINE_POWERCAP_ROOT: powercap.root }), installationWith(turns));
    expect(run.energySource).toBe("measured");
    const answer = verifyAnswer(run, []);
    // 33 W for half a second, 50 and 100 tokens in it.
    expect(answer.energyPerTokenJ! / (16.5 / 50)).toBeCloseTo(1, 1);
    expect(answer.formats[0]!.energyPerTokenJ! / (16.5 / 100)).toBeCloseTo(1, 1);
    expect(answer.formats[0]!.timeRatio).toBeCloseTo(0.5, 1);
  }, 60_000);

  it("says nothing of energy where power is only estimated", async () => {
    const run = await verify(
      plan,
      settings({ WATTLINE_POWERCAP_ROOT: mkdtempSync(join(tmpdir(), "none-")) }),
      installationWith(turns),
    );
    expect(run.energies).toEqual([]);
    expect(run.noEnergy).toMatch(/energy was not measured/);
  }, 60_000);

  it.each([
    [
      "its own sentence",
      `${begin}json.dump({"fault": "This Python has no PyTorch."}, open(result, "w"))`,
      /no PyTorch/,
    ],
    ["a Python that fails", "import sys\nsys.exit(3)", /ended with 3 before it had measured/],
    ["a result that is no JSON", `${begin}open(result, "w").write("{")`, /it is not JSON/],
    ["a result of another shape", `${begin}json.dump({"task": "poetry"}, open(result, "w"))`, /not as expected/],
    [
      "columns that differ in length",
      turns.replace("time.sleep(0.5)", "pass").replace('"samples": 2', '"samples": 3'),
      /columns differ in length/,
    ],
  ])(
    "tells of %s",
    async (_, program, message) => {
      await expect(verify(plan, settings(), installationWith(program))).rejects.toThrow(message);
    },
    30_000,
  );

  it("names a Python that is not there", async () => {
    await expect(verify(plan, { ...settings(), python: "/no/python" }, installationWith(""))).rejects.toThrow(
      /no\/python/,
    );
  });

  it("leaves no folder behind", async () => {
    const before = readdirSync(tmpdir()).filter((name) => name.startsWith("wattline-verify-"));
    await verify(plan, settings(), installationWith(turns.replace("time.sleep(0.5)", "pass"))).catch(() => {});
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith("wattline-verify-"))).toEqual(before);
  }, 30_000);
});
