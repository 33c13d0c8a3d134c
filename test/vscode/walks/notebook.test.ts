import assert from "node:assert/strict";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { type DrivenPowercap, drivenPowercap } from "../../fixtures/fake-powercap/driver";
import { inWindow } from "../support/vscode";
import { eventually, TestWorkspace } from "../support/workspace";

/** What test/vscode/notebook-controller makes of it: watts above idle, and milliseconds. */
const cells = ["60 W 2000 ms", "0 W 1 ms", "20 W 3000 ms"];

const notebook = {
  cells: cells.map((source) => ({ cell_type: "code", execution_count: null, metadata: {}, outputs: [], source })),
  metadata: { language_info: { name: "python" } },
  nbformat: 4,
  nbformat_minor: 5,
};

const controller = join(__dirname, "../notebook-controller");

describe("the cells of a notebook", () => {
  let powercap: DrivenPowercap;
  let workspace: TestWorkspace;

  before(async () => {
    powercap = await drivenPowercap({ idleW: 30, idleDramW: 4 });
    workspace = new TestWorkspace();
    writeFileSync(join(workspace.path, "cells.ipynb"), JSON.stringify(notebook));
  });
  after(async () => {
    workspace.dispose();
    await powercap.stop();
  });

  it("show what each used above idle and its seconds, without code in the notebook, until a setting turns it off", async () => {
    const settings = { "wattline.powercapRoot": powercap.root };
    const env = { WATTLINE_TEST_POWERCAP: powercap.root };
    const options = { name: "notebook", folder: workspace.path, settings, env, installed: [controller] };
    await inWindow(options, async (window) => {
      // Before the extensions are there a notebook would open as text.
      await window.statusBar.waitFor(/\d W/);
      await window.openFile("cells.ipynb");
      const readings = join(window.server.data, "data/User/globalStorage/wattline.wattline/notebooks");
      await eventually("the readings", () => existsSync(readings) && readdirSync(readings).length === 1);
      await window.page.waitForTimeout(4000);

      const long = await window.notebook.runCell(0, /J · 2\.\d\d s/);
      const joules = Number(/([\d.]+)( ± [\d.]+)? J/.exec(long)![1]);
      assert.ok(Math.abs(joules - 120) < 12, `60 W above idle for 2 s are 120 J, not ${long}`);
      const tooltip = await window.notebook.tooltip(0);
      assert.match(tooltip, /above idle in 2\.\d\d s/);
      assert.match(tooltip, /package-0: .* above idle \((29|30)\.\d W\), .* in all, ● measured/);
      assert.match(tooltip, /DRAM of package-0: /);
      await window.screenshot("08-notebook-tooltip");

      await window.notebook.runCell(1, /≤ [\d.]+ m?J · (< 1|[\d.]+) ms/);
      const modest = await window.notebook.runCell(2, /J · 3\.\d\d s/);
      const less = Number(/([\d.]+)( ± [\d.]+)? J/.exec(modest)![1]);
      assert.ok(Math.abs(less - 60) < 9, `20 W above idle for 3 s are 60 J, not ${modest}`);
      await window.page.mouse.move(900, 600);
      await window.page.waitForTimeout(800);
      await window.screenshot("08-notebook");
      assert.equal(workspace.runs.length, 0, "nothing is kept in the workspace");

      window.changeSetting("wattline.notebookCells", false);
      await eventually("the lines to go", async () => (await window.notebook.energy(0).count()) === 0);
      await eventually("the readings to end", () => readdirSync(readings).length === 0);
    });
  });
});
