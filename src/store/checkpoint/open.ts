/**
 * From what a user names to a checkpoint: a safetensors file, its index or its folder, a GGUF file, a `config.json`.
 *
 * Headers only; nothing here unpickles, and nothing writes.
 */
import { readdirSync, statSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import type { Checkpoint } from "../../model/checkpoint";
import { fileTooLarge, malformedFile, WattlineError } from "../../model/errors";
import type { ModelConfig } from "../../model/quantization";
import { TensorTable } from "../../model/tensorTable";
import { configOfGguf, readConfig } from "./config";
import { type CheckpointFile, shown, withFile } from "./file";
import { readGgufHeader } from "./gguf";
import { JsonBytes, JsonFault } from "./jsonBytes";
import { readSafetensorsHeader } from "./safetensors";

const indexName = "model.safetensors.index.json";
const pickleEndings = new Set([".pt", ".pth", ".bin", ".pkl", ".ckpt", ".pickle"]);
const mostIndexBytes = 64e6;
const mostShards = 10_000;

/** @throws WattlineError naming the file, what is wrong with it, and for a pickle how to convert it */
export function openCheckpoint(path: string): Checkpoint {
  const kind = kindOf(path);
  if (kind === "folder") return openFolder(path);
  const name = basename(path);
  if (name === "config.json") return openFolder(dirname(path), path);
  if (name.endsWith(".index.json")) return openShards(path, path);
  const ending = extname(name).toLowerCase();
  if (pickleEndings.has(ending)) throw isPickle(path);
  if (ending === ".gguf") return openGguf(path, ggufParts(path));
  if (ending === ".safetensors") return openSafetensors(path, [path]);
  return withFile(path, (file) => openUnknown(path, file));
}

function kindOf(path: string): "folder" | "file" {
  try {
    return statSync(path).isDirectory() ? "folder" : "file";
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw malformedFile(
      path,
      code === "ENOENT" || code === "ENOTDIR" ? "there is no such file or folder" : (error as Error).message,
    );
  }
}

/** By its first bytes. */
function openUnknown(path: string, file: CheckpointFile): Checkpoint {
  const head = new Uint8Array(Math.min(16, file.bytes));
  file.read(0, head);
  const text = Buffer.from(head).toString("latin1");
  if (text.startsWith("GGUF")) return openGguf(path, [path]);
  // A ZIP archive (torch.save) or a bare pickle: protocol 2 to 5.
  if (text.startsWith("PK\x03\x04") || (head[0] === 0x80 && head[1]! >= 2 && head[1]! <= 5)) throw isPickle(path);
  if (text[8] === "{") return openSafetensors(path, [path]);
  throw malformedFile(path, "it is no safetensors file, no GGUF file and no folder of a model");
}

function isPickle(path: string): WattlineError {
  return new WattlineError(
    `${path} is a pickle file, and reading one runs the code in it: Wattline never does. Convert it where you trust it: ` +
      'python -c "import torch, safetensors.torch as s; s.save_file({k: v.contiguous().clone() for k, v in ' +
      `torch.load('${basename(path).replace(/[^\w.-]/g, "?")}', weights_only=True, map_location='cpu').items()}, 'model.safetensors')"`,
  );
}

function openFolder(folder: string, path = folder): Checkpoint {
  let names: string[];
  try {
    names = readdirSync(folder).sort();
  } catch (error) {
    throw malformedFile(folder, (error as Error).message);
  }
  const tensors = names.filter((name) => name.endsWith(".safetensors"));
  const index = names.includes(indexName) ? indexName : names.find((name) => name.endsWith(".safetensors.index.json"));
  if (index !== undefined) return openShards(path, join(folder, index));
  const whole = ["model.safetensors", "diffusion_pytorch_model.safetensors"].find((name) => tensors.includes(name));
  if (whole !== undefined) return openSafetensors(path, [join(folder, whole)]);
  const parts = completeParts(folder, tensors);
  if (parts !== undefined) return openSafetensors(path, parts);
  if (tensors.length === 1) return openSafetensors(path, [join(folder, tensors[0]!)]);
  if (tensors.length > 1) throw several(folder, tensors);
  const gguf = names.filter((name) => name.endsWith(".gguf"));
  if (gguf.length === 1) return openGguf(path, ggufParts(join(folder, gguf[0]!)));
  const ggufAll = completeParts(folder, gguf);
  if (ggufAll !== undefined) return openGguf(path, ggufAll);
  if (gguf.length > 1) throw several(folder, gguf);
  const pickle = names.find((name) => pickleEndings.has(extname(name).toLowerCase()));
  if (!names.includes("config.json")) {
    if (pickle !== undefined) throw isPickle(join(folder, pickle));
    throw malformedFile(folder, "it has no .safetensors, no .gguf and no config.json");
  }
  const notes =
    pickle === undefined ? [] : [`${shown(pickle)} is a pickle file and was not opened: sizes come from config.json.`];
  return {
    path,
    kind: "config",
    files: [],
    tensors: new TensorTable(),
    config: readConfig(join(folder, "config.json")),
    notes,
  };
}

function several(folder: string, names: readonly string[]): WattlineError {
  return malformedFile(
    folder,
    `it has several models (${names.slice(0, 4).map(shown).join(", ")}${names.length > 4 ? ", …" : ""}); name one of the files`,
  );
}

/** Files named `…-00001-of-00003…` where all of one set are there, and nothing else is. */
function completeParts(folder: string, names: readonly string[]): string[] | undefined {
  const parts = names.map((name) => /-(\d{5})-of-(\d{5})\.(safetensors|gguf)$/.exec(name));
  const total = Number(parts[0]?.[2]);
  if (parts.length === 0 || parts.some((part) => part === null || Number(part[2]) !== total)) return undefined;
  if (names.length !== total)
    throw malformedFile(folder, `${names.length} of ${total} parts are there: the download is incomplete`);
  return names.map((name) => join(folder, name));
}

/** All parts of a GGUF model that one part names. */
function ggufParts(path: string): string[] {
  const part = /^(.*)-\d{5}-of-(\d{5})\.gguf$/.exec(basename(path));
  if (part === null) return [path];
  const total = Math.min(Number(part[2]), mostShards);
  return Array.from({ length: total }, (_, i) =>
    join(dirname(path), `${part[1]}-${String(i + 1).padStart(5, "0")}-of-${part[2]}.gguf`),
  );
}

function openShards(path: string, indexPath: string): Checkpoint {
  const { shards, tensors } = readIndex(indexPath);
  const files = shards.map((name) => join(dirname(indexPath), name));
  const found = openSafetensors(path, files);
  if (found.tensors.count === tensors) return found;
  const note = `${basename(indexPath)} names ${tensors} tensors and the files have ${found.tensors.count}: the model may be incomplete.`;
  return { ...found, notes: [...found.notes, note] };
}

/** Names of the files in the order of their first tensor, and how many tensors are named. */
function readIndex(path: string): { shards: string[]; tensors: number } {
  const bytes = withFile(path, (file) => {
    if (file.bytes > mostIndexBytes) throw fileTooLarge(path, file.bytes, mostIndexBytes);
    const all = new Uint8Array(file.bytes);
    file.read(0, all);
    return all;
  });
  const json = new JsonBytes(bytes, bytes.length, false);
  const shards = new Set<string>();
  let tensors = 0;
  try {
    json.take(0x7b);
    if (!json.takeIf(0x7d)) {
      do {
        json.string();
        const weights = json.is("weight_map");
        json.take(0x3a);
        if (weights) tensors += readWeightMap(json, shards);
        else json.skip(8);
      } while (json.takeIf(0x2c));
      json.take(0x7d);
    }
  } catch (error) {
    if (error instanceof JsonFault) throw malformedFile(path, error.message);
    throw error;
  }
  if (shards.size === 0) throw malformedFile(path, "its weight_map names no file");
  for (const name of shards) {
    if (!/^[^/\\\0]+\.safetensors$/.test(name) || name.startsWith("..")) {
      throw malformedFile(path, `its weight_map names ${shown(name)}, which is no safetensors file beside it`);
    }
  }
  return { shards: [...shards].sort(), tensors };
}

function readWeightMap(json: JsonBytes, shards: Set<string>): number {
  let count = 0;
  json.take(0x7b);
  if (json.takeIf(0x7d)) return 0;
  do {
    json.string();
    json.take(0x3a);
    json.string();
    shards.add(json.text());
    if (shards.size > mostShards) throw new JsonFault(`its weight_map names more than ${mostShards} files`);
    count++;
  } while (json.takeIf(0x2c));
  json.take(0x7d);
  return count;
}

function openSafetensors(path: string, paths: readonly string[]): Checkpoint {
  const tensors = new TensorTable();
  const files = paths.map((file, index) =>
    withFile(file, (open) => {
      readSafetensorsHeader(open, index, tensors);
      return { path: file, bytes: open.bytes };
    }),
  );
  return { path, kind: "safetensors", files, tensors, config: configBeside(paths[0]!), notes: [] };
}

/** The `config.json` beside a file; nothing is known where there is none. */
function configBeside(file: string): ModelConfig {
  const path = join(dirname(file), "config.json");
  try {
    statSync(path);
  } catch {
    return {};
  }
  return readConfig(path);
}

function openGguf(path: string, paths: readonly string[]): Checkpoint {
  const tensors = new TensorTable();
  let config: ModelConfig = {};
  const files = paths.map((file, index) =>
    withFile(file, (open) => {
      const header = readGgufHeader(open, index, tensors);
      if (index === 0) config = configOfGguf(header);
      return { path: file, bytes: open.bytes };
    }),
  );
  return { path, kind: "gguf", files, tensors, config, notes: [] };
}
