import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, describe, it } from "mocha";
import { type DrivenPowercap, drivenPowercap } from "../../fixtures/fake-powercap/driver";
import { inWindow, themes } from "../support/vscode";
import { eventually, TestWorkspace } from "../support/workspace";

describe("runs of a folder", () => {
  let powercap: DrivenPowercap;
  let workspace: TestWorkspace;

  before(async () => {
    powercap = await drivenPowercap({ idleW: 30, idleDramW: 4 });
    workspace = new TestWorkspace();
    await workspace.record({ iterations: 200, env: { WATTLINE_POWERCAP_ROOT: powercap.root } });
    await workspace.record({ iterations: 60, env: { WATTLINE_POWERCAP_ROOT: powercap.root } });
  });
  after(async () => {
    workspace.dispose();
    await powercap.stop();
  });

  it("lists runs made in a terminal, labels one, deletes one", async () => {
    await inWindow({ name: "runs", folder: workspace.path }, async (window) => {
      const [older, newer] = workspace.runs;
      await window.openSideBar();
      await eventually("two runs in the list", async () => (await window.runs.rows.count()) === 2);
      const texts = await window.runs.texts();
      for (const text of texts) assert.match(text, /^train\s?[\d.]+ J · [\d.]+ s$/);

      await window.runs.label(window.runs.rows.first(), "a very good run");
      await window.runs.row("a very good run").waitFor();
      assert.match((await window.runs.texts())[0]!, /a very good run/, "the newest is on top");

      await window.runs.open("a very good run");
      await window.panel.waitForText(/train\.py.*finished.*a very good run/);
      await window.screenshot("05-runs-and-panel");

      await window.runs.delete(window.runs.rows.nth(1));
      await eventually("one run in the list", async () => (await window.runs.rows.count()) === 1);
      assert.ok(!existsSync(older!), "the older run is gone from disk");
      assert.ok(existsSync(newer!), "the other is there");
    });
  });

  it("shows the panel in light, dark and high contrast, under its content policy", async () => {
    await inWindow({ name: "themes", folder: workspace.path }, async (window) => {
      await window.openFile("train.py");
      await window.command("Wattline: Open the Last Run");
      await window.panel.waitForText(/train\.py.*finished/);
      await window.openSideBar();
      for (const theme of Object.keys(themes) as (keyof typeof themes)[]) {
        await window.useTheme(theme);
        await window.page.waitForTimeout(800);
        await window.screenshot(`06-panel-${theme}`);
      }
      const violations = window.pageErrors.filter(
        (text) => /Content Security Policy/.test(text) && /wattline/i.test(text),
      );
      assert.deepEqual(violations, []);
    });
  });
});
