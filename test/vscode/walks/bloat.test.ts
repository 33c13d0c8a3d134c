import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { evaluatePlan, importPlan, problemOf } from "../../../src/analysis/bloat";
import { pipeline } from "../../browser/makeBloat";
import { type DrivenPowercap, drivenPowercap, ranksScript } from "../../fixtures/fake-powercap/driver";
import { PanelInWindow } from "../pages/panel";
import { inWindow, type VsCode } from "../support/vscode";
import { eventually, TestWorkspace } from "../support/workspace";

const profile = pipeline(4, 8, { name: "GPT-3 1.3B" });

describe("energy bloat of a pipeline", () => {
  let workspace: TestWorkspace;
  const file = (name: string) => join(workspace.path, name);

  before(() => {
    workspace = new TestWorkspace();
    writeFileSync(file("gpt.pipeline.json"), JSON.stringify(profile, undefined, 1));
    writeFileSync(file("bad.pipeline.json"), JSON.stringify({ ...profile, schedule: "zigzag" }, undefined, 1));
  });
  after(() => workspace.dispose());

  it("opens from the file, answers the slider, selects, exports, and follows the file", async () => {
    await inWindow({ name: "bloat", folder: workspace.path }, async (window) => {
      const { page } = window;
      const panel = new PanelInWindow(page, "wattline-bloat");
      await window.openFile("gpt.pipeline.json");
      await page.locator('.editor-actions [aria-label^="Show Energy Bloat"]').first().click();
      await panel.waitForText(/buys no speed.*4 stages × 8 microbatches|4 stages × 8 microbatches.*buys no speed/);
      await eventually(
        "the whole table",
        async () =>
          /The frontier is solved/.test((await (await panel.frame()).locator("[role=status]").textContent()) ?? ""),
        60_000,
      );
      await window.screenshot("10-bloat-dark");

      await (await panel.frame()).locator("#straggler").fill("1.2");
      await panel.waitForText(/while it waits for a straggler 1\.2× as slow, \d+ %/);
      await panel.waitForText(/at most 0\.\d+ % above the best/);

      await selectsBothWays(panel);
      await window.useTheme("light");
      await window.screenshot("11-bloat-light");

      await exportsPlan(window, panel, file("freqs_pipeline_00001.py"));

      writeFileSync(file("gpt.pipeline.json"), JSON.stringify({ ...profile, microbatches: 12 }, undefined, 1));
      await panel.waitForText(/4 stages × 12 microbatches/);
      await panel.waitForText(/straggler 1\.2× as slow/);

      await page.waitForTimeout(1500);
      await window.reload();
      await panel.waitForText(/4 stages × 12 microbatches.*straggler 1\.2×/, 60_000);
      assert.deepEqual(window.pageErrors, []);
    });
  });

  it("says what is wrong, in the panel and under the line", async () => {
    await inWindow({ name: "bloat-bad", folder: workspace.path }, async (window) => {
      await window.openFile("bad.pipeline.json");
      await window.page.locator(".squiggly-warning, .squiggly-error").first().waitFor({ timeout: 30_000 });
      await window.command("Wattline: Show Energy Bloat");
      const panel = new PanelInWindow(window.page, "wattline-bloat");
      await panel.waitForText(/bad\.pipeline\.json cannot be read: schedule: expected one of 1f1b, gpipe, interleaved/);
      await window.screenshot("12-bloat-failed");
      writeFileSync(file("bad.pipeline.json"), JSON.stringify(profile));
      await panel.waitForText(/buys no speed/);
    });
  });
});

describe("energy bloat of a run", () => {
  let powercap: DrivenPowercap;
  let workspace: TestWorkspace;

  before(async () => {
    powercap = await drivenPowercap({ idleW: 10, idleDramW: 0.5 });
    workspace = new TestWorkspace();
    writeFileSync(join(workspace.path, "gpt.pipeline.json"), JSON.stringify(profile));
    // Two gloo ranks, the second slowed on purpose.
    const python = join(__dirname, "../../../.venv/bin/python");
    const torchrun = [python, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"];
    const words = [ranksScript, "--root", powercap.root, "--truth", workspace.path, "--iterations", "50"];
    const env = { WATTLINE_POWERCAP_ROOT: powercap.root, OMP_NUM_THREADS: "1" };
    await workspace.recordCommand([...torchrun, ...words], env);
  });
  after(async () => {
    workspace.dispose();
    await powercap.stop();
  });

  it("names the straggler with what the others spent, and lends it to the plan of a pipeline", async () => {
    await inWindow({ name: "bloat-run", folder: workspace.path }, async (window) => {
      const panel = new PanelInWindow(window.page, "wattline-bloat");
      await window.openSideBar();
      await eventually("the run in the list", async () => (await window.runs.rows.count()) === 1);
      await window.runs.choose(window.runs.rows.first(), "Show Energy Bloat");
      await panel.waitForText(/of this run's energy bought no speed.*Rank 1.*is slow throughout/);
      await window.screenshot("13-bloat-of-a-run");
      await window.page.keyboard.press("Control+W");

      await window.openFile("gpt.pipeline.json");
      await window.command("Wattline: Show Energy Bloat");
      await panel.waitForText(/4 stages × 8 microbatches/);
      await panel.press("From a run");
      const input = window.page.locator(".quick-input-widget input");
      await input.waitFor();
      await window.page.keyboard.press("Enter");
      await panel.waitForText(/Rank 1 of .* takes [12]\.\d+× as long as the median of the others/);
      await panel.waitForText(/while it waits for a straggler [12]\.\d+× as slow/);
      await window.screenshot("14-bloat-measured-straggler");
    });
  });
});

async function selectsBothWays(panel: PanelInWindow): Promise<void> {
  const frame = await panel.frame();
  const canvas = frame.locator(".gantt-plan canvas");
  await canvas.scrollIntoViewIfNeeded();
  const box = (await canvas.boundingBox())!;
  await canvas.click({ position: { x: box.width / 2, y: box.height * 0.88 } });
  await frame.locator(".plan-table tr.selected").waitFor();
  assert.match(await frame.locator(".plan-table tr.selected").innerText(), /^3\s/);
  await frame.locator(".plan-table tbody tr").nth(1).click();
  await frame.locator(".gantt-rows .selected", { hasText: "0" }).first().waitFor();
}

async function exportsPlan(window: VsCode, panel: PanelInWindow, path: string): Promise<void> {
  const pick = async (name: string) => {
    await panel.press("Export");
    await (await panel.frame()).getByRole("menuitem", { name }).click();
  };
  await pick("Frequency Plan for Zeus");
  const input = window.page.locator(".quick-input-widget input");
  await input.waitFor();
  await input.fill(path);
  await window.page.keyboard.press("Enter");
  await eventually("the saved plan", () => existsSync(path));
  const stages = importPlan(readFileSync(path, "utf8"));
  const problem = problemOf(profile);
  assert.ok(stages.known && problem.known);
  const result = evaluatePlan(problem.value, stages.value);
  assert.ok(result.known && result.value.iterationTimeS > 0);

  await pick("Set-Up of Zeus's PipelineFrequencyOptimizer");
  await window.page.locator(".view-line", { hasText: "PipelineFrequencyOptimizer" }).first().waitFor();
}
