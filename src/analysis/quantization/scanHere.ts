import type { ScanPool } from "../../model/quantScan";
import { makeScanner } from "./scanTask";

/** A pool without threads: tasks are done where they are asked for. */
export function poolHere(files: {
  read(file: number, offset: number, into: Uint8Array): void;
  close(): void;
}): ScanPool {
  const scanner = makeScanner((file, offset, into) => files.read(file, offset, into));
  return { size: 1, run: async (task) => scanner.run(task), close: async () => files.close() };
}
