import { writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bloatMarkdown } from "../../../src/editor/panels/bloat/markdown";
import { type BloatQuestions, Solving } from "../../../src/editor/panels/bloat/solving";
import { WattlineError } from "../../../src/model/errors";

const profile = join(process.cwd(), "test/fixtures/bloat/tiny_pipeline.json");
let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "wattline-bloat-"));
});
afterAll(() => rm(folder, { recursive: true }));

const solving = new Solving();
const ask = async <K extends keyof BloatQuestions>(kind: K, asked: BloatQuestions[K]["asked"]) =>
  (await solving.answer({ kind, ...asked } as never, () => undefined)) as BloatQuestions[K]["answered"];

describe("the bloat panel's thread", () => {
  it("solves a file, fills the table in pieces, and answers for any time", async () => {
    const { columns, plans } = await ask("solve", { path: profile });
    const table = [...(await ask("table", { from: 0, to: 1 })), ...(await ask("table", { from: 1, to: plans }))];
    expect(table.length).toBe(plans);
    expect(table.every(({ deadlineS }, k) => k === 0 || deadlineS >= table[k - 1]!.deadlineS)).toBe(true);
    const timeS = columns.minimumTimeS * 1.1;
    const plan = await ask("plan", { timeS });
    expect(plan.iterationTimeS).toBeLessThanOrEqual(timeS * (1 + 1e-9));
    const looked = table.findLast(({ deadlineS }) => deadlineS <= timeS)!;
    expect(plan.effectiveJ).toBeLessThanOrEqual(looked.effectiveJ);
    expect(bloatMarkdown("tiny", columns, table[0]!)).toMatch(
      /\*\*.*\*\*: 11 % of an iteration's energy buys no speed/,
    );
  });

  it("takes a time before the minimum for the minimum, as a page may send anything", async () => {
    const { columns } = await ask("solve", { path: profile });
    const plan = await ask("plan", { timeS: -1e300 });
    expect(plan.deadlineS).toBe(columns.minimumTimeS);
    expect((await ask("plan", { timeS: 1e300 })).iterationTimeS).toBeLessThanOrEqual(
      columns.slowestUsefulTimeS * 1.001,
    );
  });

  it("compares a plan that it exported itself, and finds the same", async () => {
    const { columns } = await ask("solve", { path: profile });
    const timeS = columns.minimumTimeS * 1.2;
    const path = join(folder, "plan.py");
    writeFileSync(path, await ask("export", { form: "zeus", timeS }));
    const { iterationTimeS } = await ask("compare", { path });
    expect(iterationTimeS).toBeLessThanOrEqual(timeS * (1 + 1e-9));
  });

  it("names the file and the place where something is wrong", async () => {
    const path = join(folder, "bad.pipeline.json");
    writeFileSync(path, '{"kind":"pipeline","stages":2}');
    await expect(ask("solve", { path })).rejects.toThrow(WattlineError);
    await expect(ask("solve", { path })).rejects.toThrow(path);
    await expect(ask("solve", { path: join(folder, "gone.json") })).rejects.toThrow("there is no such file");
  });
});
