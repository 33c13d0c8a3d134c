import { Uri } from "vscode";
import { type ScanResult, scanCheckpoint } from "../../../analysis/quantization/scan";
import type { Checkpoint } from "../../../model/checkpoint";
import { openScanPool } from "../../../store/checkpoint/scanPool";

/** The window is told ten times a second at most. */
const tellMs = 100;

export interface RunningScan {
  readonly done: Promise<ScanResult & { readonly elapsedS: number }>;
  cancel(): void;
}

/** Reads all linear weights in threads. `done` is rejected when it is cancelled. */
export function startScan(
  checkpoint: Checkpoint,
  extension: Uri,
  progress: (doneBytes: number, totalBytes: number) => void,
): RunningScan {
  const program = Uri.joinPath(extension, "dist", "quantScan.js").fsPath;
  const pool = openScanPool({ program, paths: checkpoint.files.map(({ path }) => path) });
  const abort = new AbortController();
  const started = performance.now();
  let told = 0;
  const onProgress = (done: number, total: number) => {
    if (performance.now() - told < tellMs) return;
    told = performance.now();
    progress(done, total);
  };
  const done = scanCheckpoint(checkpoint, pool, { signal: abort.signal, onProgress })
    .then((result) => ({ ...result, elapsedS: (performance.now() - started) / 1000 }))
    .finally(() => pool.close());
  return {
    done,
    cancel() {
      abort.abort(new Error("The scan was cancelled."));
      void pool.close();
    },
  };
}
