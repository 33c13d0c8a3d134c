import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, it } from "mocha";
import * as vscode from "vscode";
import { readManifest } from "../../../src/store/manifest";
import { listRuns } from "../../../src/store/runs";
import { eventually } from "../support/workspace";

const folder = vscode.workspace.workspaceFolders![0]!.uri.fsPath;
const runs = join(folder, ".wattline/runs");
const script = join(folder, "train.py");
const loopLine =
  readFileSync(script, "utf8")
    .split("\n")
    .findIndex((line) => line.includes("for x in batches")) + 1;

async function newest() {
  return (await listRuns(runs))[0];
}

describe("profiling from the editor", () => {
  after(() => vscode.commands.executeCommand("workbench.action.closeAllEditors"));

  it("runs the file in a terminal task, names the loop, and keeps the exit code", async () => {
    await vscode.commands.executeCommand("wattline.profileLoop", { path: script, line: loopLine });
    const ended = await eventually(
      "a run that has ended",
      async () => {
        const run = await newest();
        return run?.state === "finished" ? run : undefined;
      },
      40_000,
    );
    const manifest = await readManifest(ended.path);
    assert.deepEqual(manifest.loop, { path: script, line: loopLine });
    assert.equal(manifest.argv.at(-1), script);
    assert.equal(manifest.cwd, folder);
    assert.equal(manifest.end?.exitCode, 0);
  });

  it("does not hand ELECTRON_RUN_AS_NODE on to the program, nor a shell's reading of its arguments", async () => {
    const probe = join(folder, "probe $HOME; 'x'.py");
    const answer = join(folder, "answer.json");
    writeFileSync(
      probe,
      `import json, os, sys\njson.dump({"electron": os.environ.get("ELECTRON_RUN_AS_NODE"), "argv": sys.argv}, open(${JSON.stringify(answer)}, "w"))\n`,
    );
    await vscode.commands.executeCommand("wattline.profileFile", vscode.Uri.file(probe));
    const text = await eventually("the program's answer", () => {
      try {
        return JSON.parse(readFileSync(answer, "utf8")) as { electron: string | null; argv: string[] };
      } catch {
        return undefined;
      }
    });
    assert.deepEqual(text, { electron: null, argv: [probe] });
  });

  it("stops a run as Ctrl-C at its terminal does", async () => {
    const task = (await vscode.tasks.fetchTasks({ type: "wattline" }))[0];
    assert.equal(task, undefined, "a profile is started on demand: the list of tasks holds none");
    const slow = join(folder, "slow.py");
    writeFileSync(slow, "import time\nfor _ in range(600):\n    time.sleep(0.1)\n");
    await vscode.commands.executeCommand("wattline.profileFile", vscode.Uri.file(slow));
    const running = await eventually("a run that goes on", async () => {
      const run = await newest();
      return run?.script === "slow" && run.state === "running" && (await readManifest(run.path)).child
        ? run
        : undefined;
    });
    // Python needs a moment until Ctrl-C finds its handler.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await vscode.commands.executeCommand("wattline.stopRun", running.path);
    const manifest = await eventually("its end", async () => {
      const found = await readManifest(running.path);
      return found.end ? found : undefined;
    });
    assert.equal(manifest.end?.signal ?? manifest.end?.exitCode, "SIGINT");
  });

  it("keeps runs within the space that the user gave them, and those with a label", async () => {
    const { labelRun } = await import("../../../src/store/runs");
    const before = await eventually("three runs that have ended", async () => {
      const found = await listRuns(runs);
      return found.length >= 3 && found.every(({ state }) => state !== "running") ? found : undefined;
    });
    const kept = before.at(-1)!;
    await labelRun(kept.path, { name: "keep me" });
    const configuration = vscode.workspace.getConfiguration("wattline");
    await configuration.update("runs.keepMegabytes", 0.001, vscode.ConfigurationTarget.Global);
    try {
      await eventually("only the labelled run to be left", async () => {
        const found = await listRuns(runs);
        return found.length === 1 && found[0]!.path === kept.path;
      });
    } finally {
      await configuration.update("runs.keepMegabytes", undefined, vscode.ConfigurationTarget.Global);
    }
  });
});
