import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { inWindow } from "../support/vscode";
import { eventually, TestWorkspace } from "../support/workspace";

describe("a folder that is not trusted", () => {
  let workspace: TestWorkspace;
  before(async () => {
    workspace = new TestWorkspace();
    await workspace.record({ iterations: 60 });
    const cell = { cell_type: "code", execution_count: null, metadata: {}, outputs: [], source: "1" };
    writeFileSync(
      join(workspace.path, "cells.ipynb"),
      JSON.stringify({ cells: [cell], metadata: {}, nbformat: 4, nbformat_minor: 5 }),
    );
  });
  after(() => workspace.dispose());

  it("shows its runs and nothing else, until the user trusts it", async () => {
    await inWindow({ name: "untrusted", folder: workspace.path, trust: "asked" }, async (window) => {
      const { page } = window;
      await page
        .locator(".monaco-dialog-box")
        .getByRole("button", { name: /No, I don't trust/ })
        .click();
      await window.openFile("cells.ipynb");
      await window.openFile("train.py");
      await window.openSideBar();
      await eventually("the run in the list", async () => (await window.runs.rows.count()) === 1);
      await window.runs.open(/train/);
      await window.panel.waitForText(/train\.py.*finished/);
      // What starts programs would have had its time by now: see the other walks.
      await page.waitForTimeout(5000);
      assert.equal(await window.statusBar.item.count(), 0, "no status bar item");
      assert.equal(await window.codeLens.count(), 0, "no CodeLens");
      assert.equal(await page.locator('.pane-header[aria-label^="Meters"]').count(), 0, "no Meters view");
      assert.equal(await window.offersCommand("Wattline: Profile the Current File"), false, "no command that profiles");
      assert.deepEqual(
        (await window.runs.menu(/train/)).filter((name) => /Label|Delete/.test(name)),
        [],
      );
      const storage = join(window.server.data, "data/User/globalStorage/wattline.wattline/live");
      assert.equal(existsSync(storage), false, "no watch was started");
      assert.equal(existsSync(join(storage, "../notebooks")), false, "nothing is measured for a notebook");
      await window.screenshot("07-untrusted");

      await window.command("Workspaces: Manage Workspace Trust");
      await page.getByRole("button", { name: "Trust", exact: true }).first().click();
      await window.statusBar.waitFor(/\d W/);
      await eventually("the watch", () => existsSync(storage));
    });
  });
});
