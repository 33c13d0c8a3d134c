/** A large text file, written a piece at a time and put in its place when it is whole. */
import { randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { cannotWrite } from "../model/errors";

const pieceLength = 1 << 18;

/**
 * @param lines each with its own newline where it wants one
 * @throws WattlineError when it cannot be written; what stood there before is then still there
 */
export async function writeLines(path: string, lines: Iterable<string>, { gzip = false } = {}): Promise<void> {
  const sibling = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  const file = createWriteStream(sibling, { flags: "wx", mode: 0o600 });
  try {
    const pieces = Readable.from(piecesOf(lines));
    await (gzip ? pipeline(pieces, createGzip(), file) : pipeline(pieces, file));
    await rename(sibling, path);
  } catch (error) {
    await rm(sibling, { force: true }).catch(() => {});
    throw (error as NodeJS.ErrnoException).code === undefined ? error : cannotWrite(path, (error as Error).message);
  }
}

function* piecesOf(lines: Iterable<string>): Iterable<string> {
  let piece = "";
  for (const line of lines) {
    piece += line;
    if (piece.length < pieceLength) continue;
    yield piece;
    piece = "";
  }
  if (piece !== "") yield piece;
}
