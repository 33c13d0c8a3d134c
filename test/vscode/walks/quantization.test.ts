import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { tinyLlama, writeSafetensors } from "../../fixtures/checkpoints/make";
import { inWindow, themes } from "../support/vscode";
import { eventually, TestWorkspace } from "../support/workspace";

const program = `from transformers import AutoModelForCausalLM


def load():
    model = AutoModelForCausalLM.from_pretrained("tiny")
    return model
`;

describe("quantizing a model", () => {
  let workspace: TestWorkspace;
  before(() => {
    workspace = new TestWorkspace();
    mkdirSync(join(workspace.path, "tiny"));
    const { tensors, config } = tinyLlama(1, { layers: 8 });
    writeSafetensors(join(workspace.path, "tiny/model.safetensors"), tensors);
    writeFileSync(join(workspace.path, "tiny/config.json"), JSON.stringify({ ...config, _name_or_path: "tiny-llama" }));
    writeFileSync(join(workspace.path, "serve.py"), program);
  });
  after(() => workspace.dispose());

  it("goes from the line above the load to code that is inserted below it", async () => {
    await inWindow({ name: "quantization", folder: workspace.path }, async (window) => {
      await window.openFile("serve.py");
      const lens = window.page.locator(".codelens-decoration a", { hasText: /bf16, [\d.]+ MB/ }).first();
      await lens.waitFor({ timeout: 30_000 });
      await window.screenshot("20-model-codelens");
      await lens.click();

      const text = await window.quantization.waitForText(/Layers: none is hurt|Layers: \d+ of 56/);
      assert.match(text, /tiny-llama LlamaForCausalLM/);
      assert.match(text, /Rule R\d+ decided/);
      const frame = await window.quantization.frame();
      await frame
        .locator("label", { hasText: /^Device/ })
        .locator("select")
        .selectOption("RTX 4090");
      await window.quantization.waitForText(/Not for you: reading its weights/);
      await frame
        .locator("label", { hasText: /^Served as/ })
        .locator("select")
        .selectOption("async");
      await window.quantization.waitForText(/batch 64/);
      assert.equal(
        await frame
          .locator("label", { hasText: /^Batch/ })
          .locator("input")
          .inputValue(),
        "64",
      );
      await frame.locator(".layer-map").focus();
      await window.page.keyboard.press("ArrowDown");
      await window.page.keyboard.press("ArrowDown");
      await window.quantization.waitForText(/model\.layers\.1\.mlp\.down_proj\.weight · [\d.]+ dB in fp8-e4m3/);
      // The palette is opened from the editor: a key that a page hears first may come late.
      await window.page.locator(".editor-instance .view-lines").first().click();
      for (const theme of Object.keys(themes) as (keyof typeof themes)[]) {
        await window.useTheme(theme);
        await window.page.waitForTimeout(600);
        await window.screenshot(`21-quantization-${theme}`);
      }

      await window.quantization.press("Insert");
      await window.page.locator(".view-line", { hasText: "llmcompressor" }).first().waitFor();
      await window.page.keyboard.press("Control+S");
      const code = await eventually("the code in the file", () => {
        const now = readFileSync(join(workspace.path, "serve.py"), "utf8");
        return now.includes("llmcompressor") ? now : undefined;
      });
      const lines = code.split("\n");
      assert.equal(lines[4], `    model = AutoModelForCausalLM.from_pretrained("tiny")`);
      assert.equal(lines[6], "    from llmcompressor import oneshot", "below the load, indented as it is");
      assert.match(code, /scheme="FP8_DYNAMIC"/);
      assert.match(code, /\n {4}return model\n$/, "what stood below is still there");
      await window.screenshot("22-inserted");
      const violations = window.pageErrors.filter(
        (text) => /Content Security Policy/.test(text) && /wattline/i.test(text),
      );
      assert.deepEqual(violations, []);
    });
  });
});
