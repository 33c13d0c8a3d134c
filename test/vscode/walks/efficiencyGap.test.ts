import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { writeGapRun } from "../../unit/analysis/efficiency/gapRun";
import { PanelInWindow } from "../pages/panel";
import { inWindow, themes } from "../support/vscode";
import { eventually, TestWorkspace } from "../support/workspace";

const network = [
  "from torch import nn",
  "",
  "",
  "block = nn.Sequential(",
  "    nn.Conv2d(64, 64, 1),",
  "    nn.Conv2d(64, 64, 3, padding=1, groups=64),",
  "    nn.Conv2d(64, 64, 1),",
  ")",
  ...Array.from({ length: 30 }, (_, k) => `# line ${k + 9}`),
  "",
].join("\n");

describe("the efficiency gap", () => {
  let workspace: TestWorkspace;

  before(async () => {
    workspace = new TestWorkspace();
    const script = join(workspace.path, "network.py");
    writeFileSync(script, network);
    const root = join(workspace.path, ".wattline/runs");
    mkdirSync(root, { recursive: true });
    await writeGapRun({ script, root, sha256: createHash("sha256").update(network).digest("hex") });
  });
  after(() => workspace.dispose());

  it("opens from the line above a layer with that layer selected, and leads back to the line of another", async () => {
    await inWindow({ name: "efficiency-gap", folder: workspace.path }, async (window) => {
      const { page } = window;
      await window.openFile("network.py");
      const lenses = page.locator(".codelens-decoration a", { hasText: /of time/ });
      await lenses.first().waitFor({ timeout: 30_000 });
      const texts = await eventually("a line above each layer", async () => {
        const found = (await lenses.allInnerTexts()).map((text) => text.replace(/\s+/g, " ").trim());
        return found.length === 3 ? found : undefined;
      });
      assert.match(texts[2]!, /57 % of time · 2\.1 % efficient · compute-bound/);
      assert.ok(!texts.some((text) => text.includes("before edit")));
      await window.screenshot("10-layers-in-the-editor");

      await lenses.nth(2).click();
      const panel = new PanelInWindow(page, "wattline-gap");
      await panel.waitForText(/97 % to kernels/);
      await panel.waitForText(/block\.2.*is Conv2d pointwise, forward, fp32/);
      const frame = await panel.frame();
      assert.equal(await frame.locator('.worst-row[aria-pressed="true"]').count(), 1);
      for (const name of Object.keys(themes) as (keyof typeof themes)[]) {
        await window.useTheme(name);
        await window.screenshot(`11-gap-panel-${name}`);
      }

      await frame.locator(".worst-row", { hasText: "block.0" }).click();
      await panel.waitForText(/block\.0.*is Conv2d pointwise/);
      const place = page.locator('.statusbar-item[id="status.editor.selection"]', { hasText: /Ln 5\b/ });
      await place.waitFor({ timeout: 10_000 });

      // The editor has the focus now, at the layer's line.
      await page.keyboard.type(" ");
      await page.locator(".codelens-decoration a", { hasText: "(before edit)" }).first().waitFor({ timeout: 10_000 });
      assert.deepEqual(window.pageErrors, []);
    });
  });
});
