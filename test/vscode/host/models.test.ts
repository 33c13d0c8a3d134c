import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import * as vscode from "vscode";
import { tinyLlama, writeSafetensors } from "../../fixtures/checkpoints/make";

const text = `from awq import AutoAWQForCausalLM
from transformers import AutoModelForCausalLM, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("tiny")
model = AutoModelForCausalLM.from_pretrained("tiny")
other = AutoModelForCausalLM.from_pretrained("org/not-on-this-disk")
`;

describe("models in Python files", () => {
  let folder: string;
  let uri: vscode.Uri;
  before(async () => {
    folder = vscode.workspace.workspaceFolders![0]!.uri.fsPath;
    mkdirSync(join(folder, "tiny"));
    const { tensors, config } = tinyLlama();
    writeSafetensors(join(folder, "tiny/model.safetensors"), tensors);
    writeFileSync(join(folder, "tiny/config.json"), JSON.stringify(config));
    writeFileSync(join(folder, "serve.py"), text);
    uri = vscode.Uri.file(join(folder, "serve.py"));
    await vscode.extensions.getExtension("wattline.wattline")!.activate();
    await vscode.workspace.openTextDocument(uri);
  });
  after(() => {
    rmSync(join(folder, "tiny"), { recursive: true });
    rmSync(join(folder, "serve.py"));
  });

  const lenses = () => vscode.commands.executeCommand<vscode.CodeLens[]>("vscode.executeCodeLensProvider", uri);

  it("have a line above the load of a model that lies on this disk, and of no other", async () => {
    const found = await lenses();
    assert.deepEqual(
      found.map(({ range, command }) => [range.start.line, command?.command]),
      [[4, "wattline.quantize"]],
    );
    assert.match(found[0]!.command!.title, /^\$\(symbol-ruler\) bf16, 4\.\d\d MB · /);
  });

  it("have none where the user turned them off", async () => {
    const configuration = vscode.workspace.getConfiguration("wattline");
    await configuration.update("modelCodeLens", false, vscode.ConfigurationTarget.Global);
    try {
      assert.deepEqual(await lenses(), []);
    } finally {
      await configuration.update("modelCodeLens", undefined, vscode.ConfigurationTarget.Global);
    }
  });

  it("have toolkits marked that are no longer maintained, with the call of another as a fix", async () => {
    const until = Date.now() + 10_000;
    let marks: vscode.Diagnostic[] = [];
    while (marks.length === 0 && Date.now() < until) {
      marks = vscode.languages.getDiagnostics(uri).filter(({ source }) => source === "Wattline");
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.deepEqual(
      marks.map(({ code, range, tags }) => [code, range.start.line, range.start.character, tags]),
      [["autoawq", 0, 5, [vscode.DiagnosticTag.Deprecated]]],
    );
    const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>(
      "vscode.executeCodeActionProvider",
      uri,
      marks[0]!.range,
    );
    const fix = actions.find(({ title }) => title === "Insert the call of llm-compressor below");
    assert.ok(fix?.edit, `the fix is offered: ${actions.map(({ title }) => title)}`);
    await vscode.workspace.applyEdit(fix.edit);
    const changed = (await vscode.workspace.openTextDocument(uri)).getText();
    assert.match(changed, /^from awq import AutoAWQForCausalLM\n\nfrom llmcompressor import oneshot\n/);
    assert.match(changed, /AutoModelForCausalLM\.from_pretrained\("tiny", dtype="auto"\)/);
    await vscode.commands.executeCommand("workbench.action.files.revert");
  });
});
