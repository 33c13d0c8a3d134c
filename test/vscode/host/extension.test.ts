import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "mocha";
import * as vscode from "vscode";
import { commands as ours, settings } from "../../../src/editor/contributions";

const extension = vscode.extensions.getExtension("wattline.wattline")!;

describe("the extension", () => {
  it("activates and registers every command that the manifest names", async () => {
    await extension.activate();
    const registered = new Set(await vscode.commands.getCommands(true));
    const missing = Object.keys(ours).filter((name) => !registered.has(`wattline.${name}`));
    assert.deepEqual(missing, []);
  });

  it("runs beside the files that it measures", () => {
    assert.deepEqual(extension.packageJSON.extensionKind, ["workspace"]);
    assert.equal(extension.packageJSON.capabilities.untrustedWorkspaces.supported, "limited");
  });

  it("takes no program and no system folder from a workspace", async () => {
    const machine = Object.entries(settings).filter(([, { scope }]) => scope === "machine");
    assert.deepEqual(machine.map(([name]) => name).sort(), ["nvmlLibrary", "powercapRoot", "python"]);
    for (const [name] of machine) {
      const update = vscode.workspace
        .getConfiguration("wattline")
        .update(name, "/evil", vscode.ConfigurationTarget.Workspace);
      await assert.rejects(Promise.resolve(update), `wattline.${name} can be set by a workspace`);
    }
  });

  it("finds the training loop of a file and offers to profile it", async () => {
    const uri = vscode.Uri.file(join(vscode.workspace.workspaceFolders![0]!.uri.fsPath, "train.py"));
    const document = await vscode.workspace.openTextDocument(uri);
    const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>("vscode.executeCodeLensProvider", uri);
    const expected = document
      .getText()
      .split("\n")
      .findIndex((line) => line.includes("for x in batches"));
    assert.deepEqual(
      lenses.map(({ range, command }) => [range.start.line, command?.command]),
      [[expected, "wattline.profileLoop"]],
    );
  });

  it("shows no CodeLens where the user turned them off", async () => {
    const uri = vscode.Uri.file(join(vscode.workspace.workspaceFolders![0]!.uri.fsPath, "train.py"));
    const configuration = vscode.workspace.getConfiguration("wattline");
    await configuration.update("codeLens", false, vscode.ConfigurationTarget.Global);
    try {
      const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>("vscode.executeCodeLensProvider", uri);
      assert.deepEqual(lenses, []);
    } finally {
      await configuration.update("codeLens", undefined, vscode.ConfigurationTarget.Global);
    }
  });
});
