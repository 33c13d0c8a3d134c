import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { FakeNvml } from "../../fixtures/fake-nvml/scenario";
import { type DrivenPowercap, drivenPowercap } from "../../fixtures/fake-powercap/driver";
import { inWindow } from "../support/vscode";
import { TestWorkspace } from "../support/workspace";

describe("a machine with NVIDIA GPUs", () => {
  let fake: FakeNvml;
  let powercap: DrivenPowercap;
  let workspace: TestWorkspace;

  before(async () => {
    fake = new FakeNvml({
      gpus: [
        { name: "NVIDIA H100", architecture: 9, power: [{ atS: 0, watts: 150 }] },
        { name: "NVIDIA L4", architecture: 8, power: [{ atS: 0, watts: 50 }] },
      ],
    });
    powercap = await drivenPowercap({ idleW: 30, idleDramW: 4 });
    workspace = new TestWorkspace();
  });
  after(async () => {
    workspace.dispose();
    fake.dispose();
    await powercap.stop();
  });

  it("has them in the status bar", async () => {
    const settings = { "wattline.powercapRoot": powercap.root, "wattline.nvmlLibrary": fake.library };
    const env = { WATTLINE_FAKE_NVML: fake.env.WATTLINE_FAKE_NVML! };
    await inWindow({ name: "gpus", folder: workspace.path, settings, env }, async (window) => {
      await window.openFile("train.py");
      // 150 and 50 W of GPUs, 30 of the package, 4 of DRAM; a slow counter asked twice a second tells it to a fifth at first.
      await window.statusBar.waitFor(/^\s*2\d\d W\s*$/);
      const tooltip = await window.statusBar.tooltip();
      assert.match(tooltip, /NVIDIA H100[\s\S]*1\d\d W[\s\S]*measured/);
      assert.match(tooltip, /NVIDIA L4/);
      await window.screenshot("09-gpus-status-bar");
    });
  });

  it("has what a run used of each in the run's panel", async () => {
    await workspace.record({ iterations: 200, env: { ...fake.env, WATTLINE_POWERCAP_ROOT: powercap.root } });
    await inWindow({ name: "gpus-panel", folder: workspace.path }, async (window) => {
      await window.openFile("train.py");
      await window.command("Wattline: Open the Last Run");
      await window.panel.waitForText(/train\.py.*finished/);
      const page = await window.panel.frame();
      await page.locator("summary", { hasText: "How this was measured" }).click();
      const text = await window.panel.waitForText(/NVIDIA H100[^±]*J/);
      assert.match(text, /NVIDIA L4/);
      assert.match(text, /nvml, measured/);
      await window.screenshot("09-gpus-panel");
    });
  });
});
