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
});
