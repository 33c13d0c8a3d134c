import { existsSync, mkdirSync, mkdtempSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { describe, expect, it } from "vitest";
import { createRunFolder, runsRoot, scriptName } from "../../../src/store/runFolder";
import { deleteRun, labelRun, listRuns, pruneRuns } from "../../../src/store/runs";
import { manifestOf, writeRun } from "./everyRun";

const newRoot = () => mkdtempSync(join(tmpdir(), "wattline-runs-"));
const at = (minute: number) => ({
  ...manifestOf(),
  startedAt: `2026-11-24T12:${String(minute).padStart(2, "0")}:00.000Z`,
});

describe("the runs of a workspace", () => {
  it("are listed newest first with script, energy, duration, state and size", async () => {
    const root = newRoot();
    await writeRun({ manifest: at(1) }, "a", root);
    const summary = {
      schema: "wattline.report/1",
      run: { durationS: 10 },
      energyJ: 1243,
      devices: [
        { counted: true, source: "measured" },
        { counted: true, source: "estimated" },
      ],
    };
    await writeRun({ manifest: at(2), files: { "summary.json": JSON.stringify(summary) } }, "b", root);
    const [b, a] = await listRuns(root);
    expect(b).toMatchObject({ id: "b", script: "train", energyJ: 1243, durationS: 10, state: "finished" });
    expect(b!.source).toBe("estimated");
    expect(a).toMatchObject({ id: "a" });
    expect(a!.energyJ).toBeUndefined();
    expect(b!.bytes).toBeGreaterThan(a!.bytes);
  });

  it("of a folder that is not there are none", async () => {
    expect(await listRuns("/nowhere/at/all")).toEqual([]);
  });

  it("that cannot be read are listed with the fault, and links are not followed", async () => {
    const root = newRoot();
    await writeRun({ manifest: "not json" }, "broken", root);
    symlinkSync(tmpdir(), join(root, "link"));
    const listed = await listRuns(root);
    expect(listed.map(({ id }) => id)).toEqual(["broken"]);
    expect(listed[0]!.fault).toMatch(/run\.json cannot be read/);
  });

  it("take labels beside those of the recorder, and give them up again", async () => {
    const root = newRoot();
    const path = await writeRun({ manifest: { ...at(1), labels: { clock: "1410" } } }, "a", root);
    await labelRun(path, { name: "baseline" });
    expect((await listRuns(root))[0]!.labels).toEqual({ clock: "1410", name: "baseline" });
    await labelRun(path, { name: "", clock: "" });
    expect((await listRuns(root))[0]!.labels).toEqual({});
  });

  it("are deleted, and nothing that is no run is", async () => {
    const root = newRoot();
    const path = await writeRun({ manifest: at(1) }, "a", root);
    mkdirSync(join(root, "precious"));
    writeFileSync(join(root, "precious", "thesis.tex"), "");
    await expect(deleteRun(join(root, "precious"))).rejects.toThrow(/not a run folder/);
    symlinkSync(path, join(root, "link"));
    await expect(deleteRun(join(root, "link"))).rejects.toThrow(/not a run folder/);
    await deleteRun(path);
    expect(existsSync(path)).toBe(false);
    expect(existsSync(join(root, "precious", "thesis.tex"))).toBe(true);
  });

  it("are kept within a size: the oldest go, labelled ones stay", async () => {
    const root = newRoot();
    const files = { "samples.arrow": new Uint8Array(10_000) };
    for (let minute = 0; minute < 5; minute++) await writeRun({ manifest: at(minute), files }, `run-${minute}`, root);
    await labelRun(join(root, "run-0"), { name: "keep" });
    const deleted = await pruneRuns(root, 35_000);
    expect(deleted.map((path) => path.split("/").at(-1))).toEqual(["run-1", "run-2"]);
    expect((await listRuns(root)).map(({ id }) => id)).toEqual(["run-4", "run-3", "run-0"]);
  });
});

describe("a new run folder", () => {
  const startedAt = new Date(2026, 10, 24, 12, 4, 31);
  const manifest = (id: string) => ({ ...manifestOf(), id });

  it("is named by local time and script, is its owner's alone, and git does not see it", async () => {
    const workspace = newRoot();
    const where = { root: runsRoot(workspace), startedAt, argv: ["python", "train.py"] };
    const path = await createRunFolder(where, manifest);
    expect(path).toBe(join(workspace, ".wattline/runs/2026-11-24T12-04-31-train"));
    expect(statSync(path).mode & 0o777).toBe(0o700);
    expect(existsSync(join(workspace, ".wattline/.gitignore"))).toBe(true);
    expect(await createRunFolder(where, manifest)).toBe(`${path}-2`);
    expect((await listRuns(where.root)).map(({ id }) => id)).toEqual([`${basename(path)}-2`, basename(path)]);
  });

  it("is not made over something that is there", async () => {
    const out = newRoot();
    writeFileSync(join(out, "thesis.tex"), "");
    await expect(createRunFolder({ out }, manifest)).rejects.toThrow(/is there already/);
    await expect(createRunFolder({ out: "/proc/nothing" }, manifest)).rejects.toThrow(/cannot be written/);
  });

  it.each([
    [["python", "-u", "src/train.py", "--lr", "1"], "train"],
    [["torchrun", "--nproc-per-node", "2", "train.py"], "train"],
    [["python", "-m", "package.train"], "package.train"],
    [["python", "-m", "torch.distributed.run", "train.py"], "train"],
    [["./bench.sh"], "bench.sh"],
    [["../../etc/päss wörd"], "päss_wörd"],
    [["/"], "run"],
    [[], "run"],
  ])("of %j is called %s", (argv, name) => {
    expect(scriptName(argv)).toBe(name);
  });
});
