/** Entry of a scan's worker thread: gets blocks of tensors to read and add up, one at a time, until it is ended. */
import { parentPort, workerData } from "node:worker_threads";
import { makeScanner, type Scanner } from "./analysis/quantization/scanTask";
import type { ScanTask } from "./model/quantScan";
import { CheckpointFiles } from "./store/checkpoint/files";

const { paths, kernels } = workerData as { paths: string[]; kernels: "wasm" | "plain" };
const files = new CheckpointFiles(paths);
let scanner: Scanner | undefined;

parentPort?.on("message", ({ id, task }: { id: number; task: ScanTask }) => {
  try {
    scanner ??= makeScanner((file, offset, into) => files.read(file, offset, into), kernels);
    parentPort?.postMessage({ id, partial: scanner.run(task) });
  } catch (error) {
    parentPort?.postMessage({
      id,
      fault: error instanceof Error ? error.message : String(error),
      expected: (error as Error).name === "WattlineError",
    });
  }
});
