import { CheckpointFile } from "./file";

/** The files of a checkpoint, opened when first read; at most a few stay open. */
export class CheckpointFiles {
  private readonly open = new Map<number, CheckpointFile>();

  constructor(private readonly paths: readonly string[]) {}

  read(file: number, offset: number, into: Uint8Array): void {
    this.get(file).read(offset, into);
  }

  close(): void {
    for (const file of this.open.values()) file.close();
    this.open.clear();
  }

  private get(index: number): CheckpointFile {
    const before = this.open.get(index);
    if (before !== undefined) return before;
    if (this.open.size >= 8) this.close();
    const file = new CheckpointFile(this.paths[index]!);
    this.open.set(index, file);
    return file;
  }
}
