/**
 * What a GPU can do at most by its datasheet, found by the driver's name or by what a person calls it.
 *
 * No match means no peak: an RTX 4090 is not an RTX 4090 Laptop GPU, and a slice (MIG, vGPU) is not its board.
 */
import { type GpuRow, gpuRows, gpuSources } from "./gpuTable";

export interface Gpu {
  readonly name: string;
  readonly architecture: string;
  readonly kind: "datacenter" | "consumer";
  readonly vendor: "nvidia" | "amd";
  /** NVIDIA only: 8.9 is Ada. */
  readonly computeCapability?: number;
  /** Bytes of device memory; the smallest board where the name does not tell. */
  readonly memoryBytes: number;
  readonly bandwidthBytesPerS: number;
  readonly tdpW: number;
  /** Dense peak in op/s (a multiply-add is 2) by `fp32`, `tf32`, `fp16`, `bf16`, `fp8`, `int8`, `int4`, `fp4`. */
  readonly peakPerS: Readonly<Record<string, number>>;
  /** Share of the 16-bit peak that a tuned matmul reaches, where somebody measured it. */
  readonly matmulFraction?: number;
  /** Where the figures were read. */
  readonly sources: readonly string[];
  /** Names of figures that rest on memory or on a ratio rule. */
  readonly unconfirmed: readonly string[];
  readonly note?: string;
}

const wordsOf = (text: string) => text.toLowerCase().match(/[a-z]+\d*[a-z0-9]*|\d+[a-z0-9]*/g) ?? [];

/** Words that make a different, slower device of a board with the same number. */
const otherDevice = new Set(["laptop", "mobile", "mig", "grid", "vgpu"]);
/** Directly after the number, these name another model. */
const otherModel = new Set(["d", "ti", "super"]);

/** `V100-SXM` stands for SXM2 and SXM3. */
const sameWord = (wanted: string, word: string) => word === wanted || (wanted === "sxm" && /^sxm\d$/.test(word));

/** Where `wanted` stands as whole words in `words`, -1 where it does not. */
function findWords(wanted: readonly string[], words: readonly string[]): number {
  for (let start = 0; start + wanted.length <= words.length; start++) {
    if (wanted.every((word, i) => sameWord(word, words[start + i]!))) return start;
  }
  return -1;
}

const rows = gpuRows
  .map((row) => ({ row, words: wordsOf(row.match) }))
  .sort((a, b) => b.words.length - a.words.length || b.row.match.length - a.row.match.length);

/** The GPU that a driver calls `name` ("NVIDIA H100 80GB HBM3"); undefined where its figures are not known. */
export function gpuOfDriver(name: string): Gpu | undefined {
  const words = wordsOf(name);
  if (words.some((word) => otherDevice.has(word))) return undefined;
  for (const { row, words: wanted } of rows) {
    const start = findWords(wanted, words);
    if (start >= 0 && !otherModel.has(words[start + wanted.length] ?? "")) return gpuOf(row, words);
  }
  return undefined;
}

export interface NamedGpu {
  readonly gpu: Gpu;
  /** Other GPUs that the same word may mean. */
  readonly others: readonly string[];
}

/**
 * The GPU that a person calls `name`: the driver's name, or the beginning of ours ("H100", "a100 80gb", "4090").
 *
 * A word that several boards share is taken for the one with the highest power, then the most memory (SXM before PCIe);
 * `others` says so.
 */
export function gpuCalled(name: string): NamedGpu | undefined {
  const words = wordsOf(name).filter((word) => !["nvidia", "amd", "instinct", "geforce", "tesla"].includes(word));
  const exact = rows.find(({ row }) => wordsOf(row.name).join(" ") === words.join(" "));
  if (exact) return { gpu: gpuOf(exact.row, words), others: [] };
  if (words.length === 0 || words.some((word) => otherDevice.has(word) || otherModel.has(word))) return undefined;
  const fits = rows
    .filter(({ row }) => {
      const own = [...wordsOf(row.name), ...wordsOf(row.match), ...row.memoryGb.map((gb) => `${gb}gb`)];
      return words.every((word) => own.some((mine) => sameWord(word, mine)));
    })
    .map(({ row }) => gpuOf(row, words))
    .sort((a, b) => b.tdpW - a.tdpW || b.memoryBytes - a.memoryBytes);
  // "H200" is the board of that name and not its NVL sister; "A10" is not the A10G.
  const own = rows.find(({ words: wanted }) => wanted.join(" ") === words.join(" "));
  const gpu = own ? gpuOf(own.row, words) : (fits[0] ?? gpuOfDriver(name));
  if (gpu === undefined) return undefined;
  return { gpu, others: own ? [] : fits.map((fit) => fit.name).filter((other) => other !== gpu.name) };
}

/** Names of all GPUs whose figures are known. */
export const gpuNames: readonly string[] = gpuRows.map(({ name }) => name);

function gpuOf(row: GpuRow, words: readonly string[]): Gpu {
  const said = row.memoryGb.find((gb) => words.includes(`${gb}gb`));
  return {
    name: row.name,
    architecture: row.architecture,
    kind: row.kind === "consumer" ? "consumer" : "datacenter",
    vendor: row.architecture.startsWith("CDNA") ? "amd" : "nvidia",
    ...(row.computeCapability === undefined ? {} : { computeCapability: row.computeCapability }),
    memoryBytes: (said ?? Math.min(...row.memoryGb)) * 1e9,
    bandwidthBytesPerS: row.bandwidthGbPerS * 1e9,
    tdpW: row.tdpW,
    peakPerS: Object.fromEntries(Object.entries(row.dense).map(([dtype, tera]) => [dtype, tera * 1e12])),
    ...(row.matmulFraction === undefined ? {} : { matmulFraction: row.matmulFraction }),
    sources: row.sources.map((source) => gpuSources[source]!),
    unconfirmed: row.unconfirmed,
    ...(row.note === undefined ? {} : { note: row.note }),
  };
}
