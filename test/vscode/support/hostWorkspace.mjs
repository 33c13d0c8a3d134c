/** The folder that the extension host's tests have open. */
import { cpSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../../../scripts/lib/run.mjs";

export class TestWorkspace {
  path = realpathSync(mkdtempSync(join(tmpdir(), "wattline-workspace-")));

  constructor() {
    cpSync(join(root, "test/vscode/workspace"), this.path, { recursive: true });
  }

  dispose() {
    rmSync(this.path, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}
