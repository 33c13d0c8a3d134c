import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { type DrivenPowercap, drivenPowercap } from "../../fixtures/fake-powercap/driver";
import { inWindow } from "../support/vscode";
import { eventually, isAlive, TestWorkspace } from "../support/workspace";

/** Long enough for a reload in the middle of the run. */
const iterations = 700;

describe("first light", () => {
  let powercap: DrivenPowercap;
  let workspace: TestWorkspace;

  before(async () => {
    powercap = await drivenPowercap({ idleW: 30, idleDramW: 4 });
    workspace = new TestWorkspace();
  });
  after(async () => {
    workspace.dispose();
    await powercap.stop();
  });

  it("starts a run from the CodeLens, follows it live, finds it after a reload, and shows what it used", async () => {
    const settings = { "wattline.powercapRoot": powercap.root };
    await inWindow({ name: "first-light", folder: workspace.path, settings }, async (window) => {
      // A long run: the program's arguments are remembered for its file.
      await window.openFile("train.py");
      await window.statusBar.waitFor(/^\s*34 W\s*$/);
      assert.match(await window.statusBar.tooltip(), /package-0[\s\S]*measured/);
      await window.goToLine(workspace.loopLine);
      await window.codeLens.profile.waitFor();
      await window.screenshot("01-codelens-and-status-bar");

      await window.command("Wattline: Profile the Current File with Arguments…");
      await window.answer("20");
      await eventually(
        "the short run to end",
        () => workspace.runs[0] && workspace.manifest(workspace.runs[0]).end,
        40_000,
      );
      await window.command("Wattline: Profile the Current File with Arguments…");
      await window.answer(String(iterations));
      await eventually("a second run", () => workspace.runs.length === 2);
      await window.panel.waitForText(/train\.py.*live, 0:\d\d/);
      await window.command("Wattline: Stop the Run");
      await eventually("its end", () => workspace.manifest(workspace.runs[1]!).end);

      await window.openFile("train.py");
      await window.goToLine(workspace.loopLine);
      await window.codeLens.profileLoop();
      const run = await eventually("the run's folder", () => workspace.runs[2]);
      const first = await eventually("its child", () => workspace.manifest(run).child && workspace.manifest(run));
      assert.deepEqual(first.loop, { path: workspace.script, line: workspace.loopLine });
      assert.equal(first.argv.at(-1), String(iterations));

      await window.panel.waitForText(/train\.py.*live, 0:\d\d/);
      const early = await window.panel.clockS();
      await window.page.waitForTimeout(3000);
      assert.ok((await window.panel.clockS()) > early, "the panel's clock goes on");
      await window.statusBar.waitFor(/34 W · [\d.]+ J/);
      await window.screenshot("02-live");

      await window.reload();
      assert.ok(isAlive(first.recorder.pid), "the recorder outlived the reload");
      assert.ok(isAlive(first.child!.pid), "the program outlived the reload");
      assert.equal(workspace.manifest(run).end, undefined, "the run goes on");
      await window.panel.waitForText(/train\.py.*live, 0:\d\d/, 60_000);
      const later = await window.panel.clockS();
      assert.ok(later > early + 3, `it is the same run, not another: ${early} s before, ${later} s after the reload`);
      await window.statusBar.waitFor(/34 W · [\d.]+ J/);
      await window.screenshot("03-live-after-reload");
      assert.equal(workspace.runs.length, 3, "the reload started nothing");

      const ended = await eventually("the end of the run", () => workspace.manifest(run).end, 90_000);
      assert.equal(ended.exitCode, 0);
      const text = await window.panel.waitForText(/finished/);
      assert.match(text, /\d J|kJ/);
      await window.codeLens.result.waitFor({ timeout: 30_000 });
      assert.match((await window.codeLens.result.textContent()) ?? "", /J\/iter · 3[34](\.\d)? W · data wait/);
      await window.openSideBar();
      await window.runs.row(/train[\s\S]*J · [\d.]+ s/).waitFor();
      await window.screenshot("04-finished");
    });
  });
});
