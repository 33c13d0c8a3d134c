/**
 * `npm start`: installs what is missing, builds, profiles the example, prints its report, and opens VS Code with the
 * extension and the run. `npm start -- --no-ui` stops after the report.
 */
import { join } from "node:path";
import { build } from "./build.mjs";
import { onPath, root, run, say } from "./lib/run.mjs";
import { explain, nodeModules, pythonPackages, venvPython } from "./lib/setup.mjs";

const recorder = join(root, "dist/recorder.js");
const examples = join(root, "examples");

async function main(args) {
  await nodeModules();
  await pythonPackages("examples/requirements.txt");
  if (!(await build())) return 1;
  say("What can be measured here (wattline meters)");
  await run(process.execPath, [recorder, "meters"]);
  say("Profiling examples/train_char_gpt.py (wattline run -- python train_char_gpt.py); this takes half a minute");
  const example = ["run", "--label", "name=first light", "--", venvPython, "train_char_gpt.py"];
  const { code } = await run(process.execPath, [recorder, ...example], { cwd: examples });
  if (code !== 0 || args.includes("--no-ui")) return code;
  return openEditor();
}

async function openEditor() {
  const script = join(examples, "train_char_gpt.py");
  const code = onPath("code");
  if (code !== undefined) {
    say("Opening VS Code with the extension; the run is in the side bar under Wattline");
    return (await run(code, [`--extensionDevelopmentPath=${root}`, examples, script])).code;
  }
  const { openInBrowser } = await import("./vscode-server.mjs");
  return openInBrowser({ folder: examples });
}

main(process.argv.slice(2)).then((code) => process.exit(code), explain);
