/** Small file helpers of the run folder: atomic replacement, bounded reading. */
import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open, readFile, rename, rm, stat } from "node:fs/promises";
import * as v from "valibot";
import { fileTooLarge, malformedFile, unknownSchema } from "../model/errors";

/** Replaces `path` so that a reader sees the old text or the new one and a crash leaves one of them. */
export async function writeAtomically(path: string, text: string): Promise<void> {
  const sibling = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  const handle = await open(sibling, "wx", 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
    await handle.close();
    await rename(sibling, path);
  } catch (error) {
    await handle.close().catch(() => {});
    await rm(sibling, { force: true });
    throw error;
  }
}

/** Manifests and summaries are small; a file of this size is none of ours. */
const jsonLimitBytes = 64e6;

/**
 * A JSON file of one of our schemas.
 * @returns undefined where there is no such file
 * @throws WattlineError naming the file and the fault
 */
export async function readJson<S extends v.GenericSchema>(
  path: string,
  schema: S,
  schemaName: string,
): Promise<v.InferOutput<S> | undefined> {
  const text = await readBounded(path, jsonLimitBytes);
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text.toString("utf8"));
  } catch (error) {
    throw malformedFile(path, `it is not JSON (${(error as Error).message})`);
  }
  const found = typeof value === "object" && value !== null ? (value as Record<string, unknown>).schema : undefined;
  if (typeof found === "string" && found !== schemaName) throw unknownSchema(path, found, schemaName);
  const result = v.safeParse(schema, value);
  if (!result.success) throw malformedFile(path, firstFault(result.issues));
  return result.output;
}

/** The first fault of a failed check in words: `devices.0.kind: expected "gpu", received "toaster"`. */
export function firstFault(issues: readonly v.BaseIssue<unknown>[]): string {
  const issue = issues[0];
  if (issue === undefined) return "its content is not as expected";
  const place = v.getDotPath(issue) ?? "the whole";
  return `${place}: ${issue.message.slice(0, 300)}`;
}

/** The whole file, undefined where there is none. @throws WattlineError when it is larger than the limit, or no file */
export async function readBounded(path: string, limitBytes: number): Promise<Buffer | undefined> {
  try {
    const found = await stat(path);
    // A pipe or a device that stands in for a file would be read for ever.
    if (!found.isFile()) throw malformedFile(path, "it is no regular file");
    const { size } = found;
    if (size > limitBytes) throw fileTooLarge(path, size, limitBytes);
    return await readFile(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    if (code !== undefined) throw malformedFile(path, (error as Error).message);
    throw error;
  }
}

/** What was appended to a file since the last call. A file that is not there yet has nothing. */
export class GrowingFile {
  private offset = 0;

  constructor(
    readonly path: string,
    private readonly limitBytes: number,
  ) {}

  /** @param atMostBytes reads no more than this at once; call again for the rest */
  async readNew(atMostBytes = 32 * 1024 * 1024): Promise<Buffer> {
    let handle: FileHandle;
    try {
      // O_NONBLOCK: opening a pipe that stands in for the file must not wait for a writer.
      handle = await open(this.path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return Buffer.alloc(0);
      throw malformedFile(this.path, (error as Error).message);
    }
    try {
      const found = await handle.stat();
      if (!found.isFile()) throw malformedFile(this.path, "it is no regular file");
      const { size } = found;
      if (size > this.limitBytes) throw fileTooLarge(this.path, size, this.limitBytes);
      const wanted = Math.min(size - this.offset, atMostBytes);
      if (wanted <= 0) return Buffer.alloc(0);
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(wanted), 0, wanted, this.offset);
      this.offset += bytesRead;
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  }
}
