/**
 * Cells of published tables that rules and recoveries quote, each with its citation.
 *
 * "Give Me BF16 or Give Me Death?", arXiv 2411.02355 (ACL 2025), Llama-3.1, vLLM 0.6.4.post1. Cells that contradict each
 * other in the paper are not here: Arena-Hard of 70B, the docstring columns on A100, GPQA and MuSR (near chance).
 */
import type { Format, ModelFacts, Recovery } from "../../model/quantization";

export type PaperFormat = "W8A8-FP" | "W8A8-INT" | "W4A16-INT";

export const paperFormats: Readonly<Partial<Record<Format, PaperFormat>>> = {
  "fp8-e4m3": "W8A8-FP",
  "int8-channel": "W8A8-INT",
  "int4-g128": "W4A16-INT",
  "int4-g128-mse": "W4A16-INT",
};

interface AccuracyRow {
  /** 1e9 parameters. */
  readonly size: number;
  readonly name: string;
  /** Percent of BF16's average, Open LLM Leaderboard V1 and V2. */
  readonly recovery: Readonly<Record<PaperFormat, readonly [v1: number, v2: number]>>;
}

export const accuracyRows: readonly AccuracyRow[] = [
  {
    size: 8,
    name: "Llama-3.1-8B",
    recovery: { "W8A8-FP": [99.31, 101.2], "W8A8-INT": [100.31, 101.5], "W4A16-INT": [98.72, 96.1] },
  },
  {
    size: 70,
    name: "Llama-3.1-70B",
    recovery: { "W8A8-FP": [99.72, 100], "W8A8-INT": [99.87, 97.3], "W4A16-INT": [99.53, 97.4] },
  },
  {
    size: 405,
    name: "Llama-3.1-405B",
    recovery: { "W8A8-FP": [100.12, 99.9], "W8A8-INT": [99.32, 98.3], "W4A16-INT": [99.98, 98.9] },
  },
];

interface ReasoningRow {
  readonly size: number;
  readonly name: string;
  readonly recovery: Readonly<Record<PaperFormat, number>>;
}

export const reasoningRows: readonly ReasoningRow[] = [
  { size: 1.5, name: "R1-Distill-Qwen-1.5B", recovery: { "W8A8-FP": 100.3, "W8A8-INT": 96.9, "W4A16-INT": 93.5 } },
  { size: 7, name: "R1-Distill-Qwen-7B", recovery: { "W8A8-FP": 99.9, "W8A8-INT": 100.7, "W4A16-INT": 98.3 } },
  { size: 8, name: "R1-Distill-Llama-8B", recovery: { "W8A8-FP": 100.6, "W8A8-INT": 99.6, "W4A16-INT": 97.2 } },
  { size: 14, name: "R1-Distill-Qwen-14B", recovery: { "W8A8-FP": 101.0, "W8A8-INT": 99.4, "W4A16-INT": 99.0 } },
  { size: 32, name: "R1-Distill-Qwen-32B", recovery: { "W8A8-FP": 99.0, "W8A8-INT": 99.6, "W4A16-INT": 99.5 } },
  { size: 70, name: "R1-Distill-Llama-70B", recovery: { "W8A8-FP": 100.3, "W8A8-INT": 99.7, "W4A16-INT": 98.3 } },
];

/** Divisor of the cost of a single stream: the paper's average over its seven uses. */
export const syncCost: Readonly<
  Record<8 | 70 | 405, readonly { gpu: string; format: PaperFormat; divisor: number }[]>
> = {
  8: [
    { gpu: "A6000", format: "W8A8-INT", divisor: 1.54 },
    { gpu: "A6000", format: "W4A16-INT", divisor: 2.39 },
  ],
  70: [
    { gpu: "A6000", format: "W8A8-INT", divisor: 1.94 },
    { gpu: "A6000", format: "W4A16-INT", divisor: 2.96 },
    { gpu: "A100", format: "W8A8-INT", divisor: 1.81 },
    { gpu: "A100", format: "W4A16-INT", divisor: 2.67 },
    { gpu: "H100", format: "W8A8-FP", divisor: 1.84 },
    { gpu: "H100", format: "W4A16-INT", divisor: 2.11 },
  ],
  405: [
    { gpu: "A100", format: "W8A8-INT", divisor: 3.27 },
    { gpu: "A100", format: "W4A16-INT", divisor: 6.38 },
    { gpu: "H100", format: "W8A8-FP", divisor: 3.17 },
    { gpu: "H100", format: "W4A16-INT", divisor: 5.15 },
  ],
};

/** Mean speed-up of queries a second, maximum throughput. */
export const asyncSpeedup: Readonly<
  Record<8 | 70 | 405, readonly { hardware: string; format: PaperFormat; factor: number }[]>
> = {
  8: [
    { hardware: "1xA6000", format: "W8A8-INT", factor: 1.38 },
    { hardware: "1xA6000", format: "W4A16-INT", factor: 1.08 },
  ],
  70: [
    { hardware: "4xA6000", format: "W8A8-INT", factor: 1.91 },
    { hardware: "4xA6000", format: "W4A16-INT", factor: 1.92 },
    { hardware: "4xA100", format: "W8A8-INT", factor: 1.87 },
    { hardware: "4xA100", format: "W4A16-INT", factor: 1.64 },
    { hardware: "4xH100", format: "W8A8-FP", factor: 1.77 },
    { hardware: "4xH100", format: "W4A16-INT", factor: 1.55 },
  ],
  405: [
    { hardware: "16xA100", format: "W8A8-INT", factor: 2.53 },
    { hardware: "16xA100", format: "W4A16-INT", factor: 2.21 },
    { hardware: "16xH100", format: "W8A8-FP", factor: 3.04 },
    { hardware: "16xH100", format: "W4A16-INT", factor: 3.09 },
  ],
};

/** FP8 against BF16 on ML.ENERGY v3: change of energy a token, percent, by batch. */
export const fp8Energy = [
  { from: 8, to: 16, wins: "0 of 7", low: 13, high: 56, median: 30, latencyMedian: 7 },
  { from: 17, to: 64, wins: "6 of 13", low: -12, high: 32, median: 1, latencyMedian: -12 },
  { from: 65, to: 256, wins: "11 of 12", low: -29, high: 0, median: -11, latencyMedian: -11 },
] as const;

/** Tokens a second of Llama-3.1-8B in llama.cpp (its quantize README), generation of 128. */
export const llamaCppTokensPerS = { f16: 29.17, q8_0: 50.93, q4_k_m: 71.93 } as const;

const paper = "arXiv 2411.02355";

/** The size of the paper's three that is nearest, by ratio. */
export function nearestSize(parameters: number): 8 | 70 | 405 {
  const billions = parameters / 1e9;
  if (billions < Math.sqrt(8 * 70)) return 8;
  return billions < Math.sqrt(70 * 405) ? 70 : 405;
}

/** Distilled reasoning models and those that call themselves so. */
export function isReasoning({ name = "", architecture = "" }: Pick<ModelFacts, "name" | "architecture">): boolean {
  return /r1-distill|deepseek-r1|qwq|reason|thinking|-o1\b|magistral/i.test(`${name} ${architecture}`);
}

function nearestReasoning(billions: number): ReasoningRow {
  const distance = (row: ReasoningRow) => Math.abs(Math.log(row.size / billions));
  return reasoningRows.reduce((best, row) => (distance(row) < distance(best) ? row : best));
}

/** Largest model that rule R1 holds for. */
export const smallParameters = 2e9;

/** Accuracy kept against BF16 by a format in the published model nearest in size; undefined where nobody published it. */
export function recoveryOf(facts: ModelFacts, format: Format): Recovery | undefined {
  const published = paperFormats[format];
  if (published === undefined || facts.generates === false || facts.parameters === 0) return undefined;
  if (facts.parameters <= smallParameters || isReasoning(facts)) {
    const row = nearestReasoning(facts.parameters / 1e9);
    return {
      percent: row.recovery[published],
      citation: `${paper}, ${row.name}, ${published}, mean of the reasoning benchmarks`,
    };
  }
  const row = accuracyRows.find(({ size }) => size === nearestSize(facts.parameters))!;
  const [v1, v2] = row.recovery[published];
  return { percent: v1, citation: `${paper}, ${row.name}, ${published}, Open LLM Leaderboard V1 (V2: ${v2} %)` };
}
