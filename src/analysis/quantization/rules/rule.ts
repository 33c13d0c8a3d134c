/** What a rule is, and the words and choices that rules share. */
import { formatCount } from "../../../model/format";
import type { Format, ModelFacts, QuantDevice, QuantRequest, RuleAnswer } from "../../../model/quantization";
import { accuracyRows, isReasoning, nearestSize, smallParameters } from "../evidence";

export interface RuleInput {
  readonly facts: ModelFacts;
  readonly device: QuantDevice | undefined;
  readonly request: QuantRequest;
  /** Whether weights, cache and slack of a format fit; undefined where the memory is not known. */
  readonly fits: (format: Format) => boolean | undefined;
  /** For sentences: "17.7 of 24 GB". */
  readonly fitText: (format: Format) => string;
}

export interface Decision {
  readonly rules: readonly RuleAnswer[];
  readonly decidedBy: string;
  readonly format: Format;
  readonly recipe: string;
  readonly reason: string;
}

export interface Choice {
  readonly format: Format;
  readonly recipe: string;
}

export interface Verdict {
  readonly fired: boolean;
  readonly reason: string;
  readonly choice?: Choice;
  readonly effect?: string;
  readonly citation?: string;
}

export interface Rule {
  readonly id: string;
  /** Whether the rule may decide; others only inform. */
  readonly decides: boolean;
  ask(input: RuleInput): Verdict;
}

export const paper = "arXiv 2411.02355";
export const mlEnergy = "ML.ENERGY v3 blog";
/** Prompts of this many tokens are long (arXiv 2505.20276 measured at 64K). */
export const longContextTokens = 65_536;
/** Reasoning models below this size lost more than 2 % at INT4 where measured (1.5B: 6.5 %, 7B: 1.7 %). */
export const smallReasoningParameters = 7e9;

export const fp8: Choice = {
  format: "fp8-e4m3",
  recipe: "W8A8-FP8: round to nearest, dynamic activations, no calibration data",
};
export const int4: Choice = {
  format: "int4-g128",
  recipe: "W4A16: GPTQ, groups of 128, clip of least squared error, calibration on real text",
};
export const nvfp4: Choice = { format: "nvfp4", recipe: "NVFP4 on the feed-forward layers only, attention kept" };
export const gguf = (format: "q4_k_m" | "q8_0"): Choice => ({ format, recipe: "GGUF by llama.cpp" });

export function int8(facts: ModelFacts): Choice {
  const smooth = nearestSize(facts.parameters) === 70;
  return {
    format: "int8-channel",
    recipe: smooth ? "W8A8-INT8: SmoothQuant (needed at about 70B), then GPTQ" : "W8A8-INT8: GPTQ, dynamic activations",
  };
}

/** NVIDIA's compute capability; without a device the rules are asked as for Ada. */
const capabilityOf = (device: QuantDevice | undefined): number | undefined =>
  device === undefined ? 8.9 : device.kind === "gpu" ? device.computeCapability : undefined;
export const atLeast = (device: QuantDevice | undefined, capability: number) =>
  (capabilityOf(device) ?? 0) >= capability;
export const deviceText = (device: QuantDevice | undefined) =>
  device === undefined
    ? "no device named"
    : device.computeCapability === undefined
      ? device.name
      : `${device.name}, compute capability ${device.computeCapability.toFixed(1)}`;
export const billions = (parameters: number) =>
  parameters < 1e6
    ? formatCount(parameters)
    : parameters < 1e9
      ? `${(parameters / 1e6).toFixed(0)}M`
      : `${(parameters / 1e9).toFixed(parameters < 1e10 ? 1 : 0)}B`;
export const eightBit = (input: RuleInput): Choice | undefined =>
  atLeast(input.device, 8.9) ? fp8 : atLeast(input.device, 7.5) ? int8(input.facts) : undefined;
export const single = ({ request }: RuleInput) => request.mode === "sync" || request.batch <= 4;
export const isEnglish = (language: string) => /^(en|eng|english)([-_]|$)/i.test(language);
/** Rule R1's kind: up to 2B parameters, or a small reasoning model. */
export const isSmall = (facts: ModelFacts) =>
  facts.parameters <= smallParameters || (isReasoning(facts) && facts.parameters < smallReasoningParameters);
export const not = (reason: string): Verdict => ({ fired: false, reason });

export const recoveryText = (format: "W8A8-FP" | "W8A8-INT" | "W4A16-INT", parameters: number): string => {
  const row = accuracyRows.find(({ size }) => size === nearestSize(parameters))!;
  const [v1, v2] = row.recovery[format];
  return `${row.name} kept ${v1} % (leaderboard V1) and ${v2} % (V2)`;
};
