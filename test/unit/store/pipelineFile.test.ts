import { mkdirSync, mkdtempSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { PipelineProfile } from "../../../src/model/bloat";
import { readProfile, type TableSettings } from "../../../src/store/pipelineFile";
import { goldenCases } from "../analysis/bloat/independent";

const folder = mkdtempSync(join(tmpdir(), "wattline-profile-"));
const file = (name: string, text: string) => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const refused = (name: string, text: string, settings?: TableSettings) =>
  readProfile(file(name, text), settings).then(
    () => "taken",
    (error: Error) => error.message.replace(join(folder, name), "FILE"),
  );

const option = { timeS: 0.1, energyJ: 3 };
const pipeline = {
  kind: "pipeline",
  stages: 1,
  microbatches: 2,
  schedule: "1f1b",
  blockingPowerW: 70,
  forward: [[option]],
  backward: [[option]],
};
const json = (change: object) => refused("p.json", JSON.stringify({ ...pipeline, ...change }));

describe("a profile in JSON", () => {
  it("is read as it is, whatever else it holds", async () => {
    for (const golden of goldenCases()) {
      const profile = await readProfile(file("golden.json", JSON.stringify(golden)));
      const { expected: _, ...rest } = golden as typeof golden & { unitTimeS?: number };
      delete rest.unitTimeS;
      expect(profile).toEqual(rest);
    }
  });

  it("is refused with the file and the place", async () => {
    expect(await json({ kind: "pipe" })).toBe('FILE cannot be read: kind: expected "kind": "pipeline" or "graph".');
    expect(await json({ forward: [[{ ...option, timeS: 0 }]] })).toBe(
      "FILE cannot be read: forward.0.0.timeS: expected a time above 0 s.",
    );
    expect(await json({ backward: [[]] })).toContain("backward.0: expected at least one option");
    expect(await json({ schedule: "zigzag" })).toContain("schedule: expected one of 1f1b, gpipe, interleaved");
    expect(await json({ microbatches: 2.5 })).toContain("microbatches: expected a whole number");
    expect(await json({ blockingPowerW: "70" })).toContain("blockingPowerW: expected a number");
    expect(await json({ forward: [[{ ...option, energyJ: -1 }]] })).toContain("forward.0.0.energyJ");
  });

  it("is refused where a number is not finite, which JSON can say", async () => {
    const text = JSON.stringify(pipeline).replace('"energyJ":3', '"energyJ":1e999');
    expect(await refused("p.json", text)).toContain("forward.0.0.energyJ: expected a finite number");
  });

  it("is refused where it is no JSON, no file, or too large", async () => {
    expect(await refused("p.json", "{")).toContain("FILE cannot be read: it is not JSON");
    await expect(readProfile(join(folder, "none.json"))).rejects.toThrow("there is no such file");
    mkdirSync(join(folder, "folder"));
    await expect(readProfile(join(folder, "folder"))).rejects.toThrow("no regular file");
    const large = file("large.json", "");
    truncateSync(large, 129e6);
    await expect(readProfile(large)).rejects.toThrow("129 MB");
  });

  it("names the operation of a graph that is wrong", async () => {
    const graph = {
      kind: "graph",
      operations: [
        { id: "a", options: [option], after: [] },
        { id: "b", options: [option], after: [3] },
      ],
    };
    expect(await refused("g.json", JSON.stringify(graph))).toContain(
      "operations.1.after.0: expected the id of an operation",
    );
  });
});

describe("a table of clocks", () => {
  const settings: TableSettings = { microbatches: 8, blockingPowerW: 70 };
  // The rows of Zeus's documentation (docs/optimize/pipeline_frequency_optimizer.md), one stage of them.
  const rows = [
    "stage,instruction,frequency,time,energy",
    "0,forward,1740,0.09373254776000976,28.4944",
    "0,forward,1725,0.09390360514322917,28.434366666666666",
    "0,backward,1740,0.24533510557810465,69.5691",
    "0,backward,1725,0.24538559118906658,69.2552",
  ];

  it("is read as Perseus has it", async () => {
    const profile = await readProfile(file("a40.csv", rows.join("\r\n")), { ...settings, schedule: "gpipe" });
    expect(profile).toMatchObject({
      kind: "pipeline",
      stages: 1,
      microbatches: 8,
      schedule: "gpipe",
      blockingPowerW: 70,
    });
    expect(profile.kind === "pipeline" && profile.backward[0]![1]).toEqual({
      frequencyMhz: 1725,
      timeS: 0.24538559118906658,
      energyJ: 69.2552,
    });
  });

  it("is read as Zeus writes it, the ranks of a stage by their mean", async () => {
    const header = "rank,dp_rank,pp_rank,tp_rank,stage,instruction,frequency,time,energy";
    const text = [
      header,
      "0,0,0,0,0,forward,1740,0.1,30",
      "1,1,0,0,0,forward,1740,0.2,40",
      "0,0,0,0,0,backward,1740,0.3,60",
    ];
    const profile = await readProfile(file("zeus.csv", text.join("\n")), settings);
    const only = (profile as PipelineProfile).forward[0]![0]!;
    expect(only.timeS).toBeCloseTo(0.15, 12);
    expect(only.energyJ).toBe(35);
  });

  it("says what it does not say about its pipeline", async () => {
    expect(await refused("t.csv", rows.join("\n"))).toContain("add --microbatches N and --blocking-power W");
  });

  it("is refused with the line", async () => {
    const with5 = (line: string) => refused("t.csv", [...rows, line].join("\n"), settings);
    expect(await refused("t.csv", "stage,instruction\n", settings)).toContain(
      "line 1: no column frequency, time, energy",
    );
    expect(await with5("0,forward,1700,,28")).toContain('line 6: time is no number ("")');
    expect(await with5("0,forward,1700,0,28")).toContain("line 6: time 0 is not above 0 s");
    expect(await with5("0,sideways,1700,1,28")).toContain("line 6: instruction is none of forward, backward");
    expect(await with5("-1,forward,1700,1,28")).toContain("line 6: stage -1");
    expect(await with5("2,forward,1700,1,28")).toContain("stage 1 has no row of forward");
    expect(await with5("1,forward,1700,1,28")).toContain("stage 1 has no row of backward");
  });
});
