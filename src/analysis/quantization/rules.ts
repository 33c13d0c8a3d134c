/**
 * Which format to use: rules R0 to R11, each with its trigger, its reason in words and the evidence that it quotes.
 *
 * R0 and R8 to R11 are asked first, because a format below its hardware minimum is never offered; then the first match of
 * R1 to R7 decides. R3 to R6 are for servers without a tight latency bound: with one, R7 decides.
 */
import { formatCount } from "../../model/format";
import type { Format, ModelFacts, QuantDevice, QuantRequest, RuleAnswer } from "../../model/quantization";
import {
  accuracyRows,
  asyncSpeedup,
  fp8Energy,
  isReasoning,
  llamaCppTokensPerS,
  nearestSize,
  reasoningRows,
  smallParameters,
  syncCost,
} from "./evidence";

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

interface Choice {
  readonly format: Format;
  readonly recipe: string;
}

interface Verdict {
  readonly fired: boolean;
  readonly reason: string;
  readonly choice?: Choice;
  readonly effect?: string;
  readonly citation?: string;
}

interface Rule {
  readonly id: string;
  /** Whether the rule may decide; others only inform. */
  readonly decides: boolean;
  ask(input: RuleInput): Verdict;
}

const paper = "arXiv 2411.02355";
const mlEnergy = "ML.ENERGY v3 blog";
/** Prompts of this many tokens are long (arXiv 2505.20276 measured at 64K). */
export const longContextTokens = 65_536;
/** Reasoning models below this size lost more than 2 % at INT4 where measured (1.5B: 6.5 %, 7B: 1.7 %). */
export const smallReasoningParameters = 7e9;

const fp8: Choice = {
  format: "fp8-e4m3",
  recipe: "W8A8-FP8: round to nearest, dynamic activations, no calibration data",
};
const int4: Choice = {
  format: "int4-g128",
  recipe: "W4A16: GPTQ, groups of 128, clip of least squared error, calibration on real text",
};
const nvfp4: Choice = { format: "nvfp4", recipe: "NVFP4 on the feed-forward layers only, attention kept" };
const gguf = (format: "q4_k_m" | "q8_0"): Choice => ({ format, recipe: "GGUF by llama.cpp" });

function int8(facts: ModelFacts): Choice {
  const smooth = nearestSize(facts.parameters) === 70;
  return {
    format: "int8-channel",
    recipe: smooth ? "W8A8-INT8: SmoothQuant (needed at about 70B), then GPTQ" : "W8A8-INT8: GPTQ, dynamic activations",
  };
}

/** NVIDIA's compute capability; without a device the rules are asked as for Ada. */
const capabilityOf = (device: QuantDevice | undefined): number | undefined =>
  device === undefined ? 8.9 : device.kind === "gpu" ? device.computeCapability : undefined;
const atLeast = (device: QuantDevice | undefined, capability: number) => (capabilityOf(device) ?? 0) >= capability;
const deviceText = (device: QuantDevice | undefined) =>
  device === undefined
    ? "no device named"
    : device.computeCapability === undefined
      ? device.name
      : `${device.name}, compute capability ${device.computeCapability.toFixed(1)}`;
const billions = (parameters: number) =>
  parameters < 1e6
    ? formatCount(parameters)
    : parameters < 1e9
      ? `${(parameters / 1e6).toFixed(0)}M`
      : `${(parameters / 1e9).toFixed(parameters < 1e10 ? 1 : 0)}B`;
const eightBit = (input: RuleInput): Choice | undefined =>
  atLeast(input.device, 8.9) ? fp8 : atLeast(input.device, 7.5) ? int8(input.facts) : undefined;
const single = ({ request }: RuleInput) => request.mode === "sync" || request.batch <= 4;
const isEnglish = (language: string) => /^(en|eng|english)([-_]|$)/i.test(language);
/** Rule R1's kind: up to 2B parameters, or a small reasoning model. */
const isSmall = (facts: ModelFacts) =>
  facts.parameters <= smallParameters || (isReasoning(facts) && facts.parameters < smallReasoningParameters);
const not = (reason: string): Verdict => ({ fired: false, reason });

const recoveryText = (format: "W8A8-FP" | "W8A8-INT" | "W4A16-INT", parameters: number): string => {
  const row = accuracyRows.find(({ size }) => size === nearestSize(parameters))!;
  const [v1, v2] = row.recovery[format];
  return `${row.name} kept ${v1} % (leaderboard V1) and ${v2} % (V2)`;
};

const r0: Rule = {
  id: "R0",
  decides: false,
  ask({ device, fits, fitText }) {
    if (device?.memoryBytes === undefined) return not("The device's memory is not known.");
    const fit = fits("bf16");
    return {
      fired: true,
      reason: `16 bit takes ${fitText("bf16")}: it ${fit ? "fits" : "does not fit"}.`,
      citation: "size formula, about 10 % slack",
    };
  },
};

const r8: Rule = {
  id: "R8",
  decides: true,
  ask({ device, facts }) {
    if (device === undefined) return not("No device is named.");
    if (device.vendor === "amd")
      return not("For NVIDIA below 7.5, CPUs and Apple; of this AMD GPU nothing was measured.");
    if (device.kind === "gpu" && atLeast(device, 7.5)) return not(`${deviceText(device)} is 7.5 or above.`);
    if (device.kind === "gpu" && device.computeCapability === undefined)
      return not("The compute capability is not known.");
    const { f16, q8_0, q4_k_m } = llamaCppTokensPerS;
    const small = isSmall(facts);
    return {
      fired: true,
      reason: `${deviceText(device)}: GGUF runs here${device.kind === "gpu" && (device.computeCapability ?? 0) >= 6 ? ", and so does bitsandbytes (from 6.0)" : ""}.${small ? " Small models lose most at 4 bits (R1), so Q8_0." : ""}`,
      choice: gguf(small ? "q8_0" : "q4_k_m"),
      effect: `8B decodes × ${(q4_k_m / f16).toFixed(2)} with Q4_K_M, × ${(q8_0 / f16).toFixed(2)} with Q8_0, of F16`,
      citation: "llama.cpp, quantize README, Llama-3.1-8B",
    };
  },
};

const r9: Rule = {
  id: "R9",
  decides: true,
  ask({ device, fits, fitText }) {
    if (device === undefined || !atLeast(device, 10)) return not(`${deviceText(device)} is below 10.0.`);
    const tight = fits("fp8-e4m3") === false && fits("nvfp4") !== false;
    return {
      fired: true,
      reason: tight
        ? `${deviceText(device)}: FP8 takes ${fitText("fp8-e4m3")} and does not fit, NVFP4 does.`
        : `${deviceText(device)}: FP8 first; NVFP4 where memory or prefill is the limit, and then the feed-forward layers alone.`,
      choice: tight ? nvfp4 : fp8,
      effect:
        "B200 prefill and decode × 1.17 and × 1.11 with FP8, × 1.74 and × 1.06 with NVFP4; perplexity of 8B +1.2 % with FP8, +15 % with NVFP4 (W4A4)",
      citation: "torchao documentation, vLLM 0.13",
    };
  },
};

const r10: Rule = {
  id: "R10",
  decides: false,
  ask({ request }) {
    if (!request.belowFourBit) return not("Nobody asked for less than 4 bits.");
    return {
      fired: true,
      reason:
        "Below 4 bits only with a budget for quantization-aware training (ParetoQ), never by rounding: rounding to three levels collapses (perplexity 1e5).",
      effect: "MobileLLM-1B, mean of 8 tasks: 62.1 BF16, 61.0 at 2 bits, 58.5 ternary, after training",
      citation: "ParetoQ, arXiv 2502.02631 (abstract and README)",
    };
  },
};

const r11: Rule = {
  id: "R11",
  decides: true,
  ask(input) {
    const { request, device } = input;
    const long = request.contextTokens >= longContextTokens;
    const foreign = !isEnglish(request.language);
    if (!long && !foreign)
      return not(
        `The context of ${formatCount(request.contextTokens)} tokens is below 65,536 and the language is English.`,
      );
    const why = [
      long ? `prompts of ${formatCount(request.contextTokens)} tokens` : "",
      foreign ? `language ${request.language}` : "",
    ]
      .filter(Boolean)
      .join(" and ");
    return {
      fired: true,
      reason: `With ${why}, 8 bit loses about 0.8 % and 4-bit methods up to 59 %, depending on the model.`,
      ...(eightBit(input)
        ? { choice: eightBit(input)! }
        : device && device.vendor !== "amd"
          ? { choice: gguf("q8_0") }
          : {}),
      ...(atLeast(device, 8.9) ? { effect: "An FP8 KV cache halves the cache where it is large" } : {}),
      citation: "arXiv 2505.20276 (abstract)",
    };
  },
};

const r1: Rule = {
  id: "R1",
  decides: true,
  ask(input) {
    const { facts } = input;
    const small = facts.parameters <= smallParameters;
    const reasoning = isReasoning(facts) && facts.parameters < smallReasoningParameters;
    if (!small && !reasoning)
      return not(`${billions(facts.parameters)} parameters are more than 2B, and it is no small reasoning model.`);
    const choice = eightBit(input);
    if (choice === undefined) return not(`Small, but ${deviceText(input.device)} has no 8-bit kernel.`);
    const { recovery, name } = reasoningRows[0]!;
    return {
      fired: true,
      reason: `${billions(facts.parameters)} parameters${reasoning ? ", a reasoning model" : ""}: small models lose most at 4 bits, so 8 bit; INT4 only if memory forces it.`,
      choice,
      effect: `${name} kept ${recovery["W8A8-FP"]} % (FP8), ${recovery["W8A8-INT"]} % (INT8), ${recovery["W4A16-INT"]} % (INT4)`,
      citation: `${paper}, reasoning models`,
    };
  },
};

/** What a single stream gained where it was measured, for the model's size. */
function syncEffect(parameters: number): string {
  const size = nearestSize(parameters);
  const cells = syncCost[size].filter(({ format }) => format === "W4A16-INT");
  const text = cells.map(({ gpu, divisor }) => `/ ${divisor.toFixed(1)} on ${gpu}`).join(", ");
  return `cost ${text} (Llama-3.1-${size}B); ${recoveryText("W4A16-INT", parameters)}. Energy was not measured there`;
}

const r2: Rule = {
  id: "R2",
  decides: true,
  ask(input) {
    const { request, device, facts } = input;
    if (!single(input))
      return not(`Asynchronous with batch ${request.batch}: not a single stream, nor batch 4 or less.`);
    if (!atLeast(device, 7.5)) return not(`${deviceText(device)} is below 7.5.`);
    const better = atLeast(device, 8) ? "" : " It runs from 7.5 and better from 8.0.";
    return {
      fired: true,
      reason: `${request.mode === "sync" ? "One stream" : `Batch ${request.batch}`}: decoding waits for weights, and 4-bit weights are a quarter of them.${better}`,
      choice: int4,
      effect: syncEffect(facts.parameters),
      citation: `${paper}, synchronous`,
    };
  },
};

/** R3 to R6 leave a tight latency bound to R7. */
function throughput(input: RuleInput): Verdict | undefined {
  const { request } = input;
  if (single(input)) return not("Not asynchronous with a batch above 4.");
  return request.latencyBound ? not("A tight latency bound was given: see R7.") : undefined;
}

function fp8Rule(id: string, from: number, to: number, verdict: (input: RuleInput) => Omit<Verdict, "fired">): Rule {
  return {
    id,
    decides: true,
    ask(input) {
      const outside = throughput(input);
      if (outside) return outside;
      const { device, request } = input;
      if (!atLeast(device, 8.9)) return not(`${deviceText(device)} is below 8.9 and has no FP8.`);
      if (request.batch < from || request.batch > to)
        return not(
          `Batch ${request.batch} is not ${to === Number.POSITIVE_INFINITY ? `${from} or more` : `${from} to ${to}`}.`,
        );
      return { fired: true, ...verdict(input) };
    },
  };
}

const [small8, medium, large] = fp8Energy;

const r3 = fp8Rule("R3", 64, Number.POSITIVE_INFINITY, ({ facts, request }) => {
  const cells = asyncSpeedup[70].concat(asyncSpeedup[405]).filter(({ format }) => format === "W8A8-FP");
  return {
    reason: `Batch ${request.batch}: arithmetic is the limit, and FP8 does it at twice the rate.`,
    choice: fp8,
    effect: `queries a second ${cells.map(({ factor, hardware }) => `× ${factor} (${hardware})`).join(", ")}; energy a token ${large.median} % at the median (${large.low} to ${large.high}); ${recoveryText("W8A8-FP", facts.parameters)}`,
    citation: `${paper}, asynchronous; ${mlEnergy}`,
  };
});

const r4 = fp8Rule("R4", 17, 63, ({ facts, request }) => ({
  reason: `Batch ${request.batch}: FP8 for memory and latency; its energy is neutral.`,
  choice: fp8,
  effect: `latency ${medium.latencyMedian} %, energy +${medium.median} % at the median (${medium.low} to +${medium.high}); ${recoveryText("W8A8-FP", facts.parameters)}`,
  citation: mlEnergy,
}));

const r5 = fp8Rule("R5", 5, 16, ({ request }) => ({
  reason: `Batch ${request.batch}: FP8 saved no energy in ${small8.wins} measurements, so INT4, or FP8 for memory alone.`,
  choice: int4,
  effect: `FP8 energy +${small8.median} % at the median (+${small8.low} to +${small8.high}), a small sample`,
  citation: mlEnergy,
}));

const r6: Rule = {
  id: "R6",
  decides: true,
  ask(input) {
    const outside = throughput(input);
    if (outside) return outside;
    const { device, facts } = input;
    if (!atLeast(device, 7.5) || atLeast(device, 8.9)) return not(`${deviceText(device)} is not 7.5 to 8.8.`);
    const size = nearestSize(facts.parameters);
    const cells = asyncSpeedup[size].filter(({ format }) => format === "W8A8-INT");
    return {
      fired: true,
      reason: `${deviceText(device)}: INT8 tensor cores and no FP8.`,
      choice: int8(facts),
      effect: `queries a second ${cells.map(({ factor, hardware }) => `× ${factor} (${hardware})`).join(", ")} for Llama-3.1-${size}B; ${recoveryText("W8A8-INT", facts.parameters)}`,
      citation: `${paper}, asynchronous`,
    };
  },
};

const r7: Rule = {
  id: "R7",
  decides: true,
  ask(input) {
    const { request, device, facts } = input;
    if (!request.latencyBound) return not("No tight latency bound was given.");
    if (single(input)) return not("Not asynchronous with a batch above 4.");
    if (!atLeast(device, 7.5)) return not(`${deviceText(device)} is below 7.5.`);
    return {
      fired: true,
      reason:
        "Asynchronous under a tight latency bound: W4A16 until W8A8 overtakes it in throughput. Measure both: the crossover moves with size, GPU and task.",
      choice: int4,
      effect: syncEffect(facts.parameters),
      citation: `${paper}, guideline`,
    };
  },
};

/** In the order in which they are asked; answers are given in the order of their numbers. */
const rules: readonly Rule[] = [r0, r10, r11, r8, r9, r1, r2, r3, r4, r5, r6, r7];

/** Asks all rules, and takes the first that may decide; memory then has the last word. */
export function decide(input: RuleInput): Decision {
  const answers: (RuleAnswer & { readonly verdict: Verdict })[] = [];
  let decided: { id: string; choice: Choice; reason: string } | undefined;
  for (const { id, decides, ask } of rules) {
    const verdict = ask(input);
    const now = decides && decided === undefined && verdict.fired && verdict.choice !== undefined;
    if (now) decided = { id, choice: verdict.choice!, reason: verdict.reason };
    const { fired, reason, effect, citation } = verdict;
    const late = decided !== undefined && !now && decides && fired;
    answers.push({
      id,
      fired: fired && !late,
      reason: late ? `Would hold, and ${decided!.id} comes before it: ${reason}` : reason,
      ...(now ? { decides: true } : {}),
      ...(effect === undefined ? {} : { effect }),
      ...(citation === undefined ? {} : { citation }),
      verdict,
    });
  }
  const sorted = answers
    .sort((a, b) => Number(a.id.slice(1)) - Number(b.id.slice(1)))
    .map(({ verdict: _, ...answer }) => answer);
  const { choice, reason, id } = decided ?? { id: "none", ...unmeasured(input) };
  return { rules: sorted, decidedBy: id, ...memoryForces(input, choice, reason) };
}

/** Where no rule has evidence: 16 bit if it fits. */
function unmeasured({ fits, device }: RuleInput): { choice: Choice; reason: string } {
  const reason = `No rule was measured on ${deviceText(device)}.`;
  if (fits("bf16") !== false)
    return { choice: { format: "bf16", recipe: "unchanged" }, reason: `${reason} 16 bit stays.` };
  const choice = gguf(fits("q8_0") !== false ? "q8_0" : "q4_k_m");
  return { choice, reason: `${reason} 16 bit does not fit; GGUF runs on most devices.` };
}

/** A format that does not fit gives way to a smaller one that does. */
function memoryForces(
  input: RuleInput,
  choice: Choice,
  reason: string,
): Pick<Decision, "format" | "recipe" | "reason"> {
  const { fits, device, fitText } = input;
  if (fits(choice.format) !== false) return { ...choice, reason };
  const isGpu = device?.kind === "gpu" && device.vendor !== "amd" && atLeast(device, 7.5);
  const smaller = isGpu ? [int4] : [gguf("q4_k_m")];
  for (const next of smaller) {
    if (next.format !== choice.format && fits(next.format) !== false) {
      return {
        ...next,
        reason: `${reason} But ${choice.format} takes ${fitText(choice.format)} and does not fit; ${next.format} does.`,
      };
    }
  }
  return {
    ...choice,
    reason: `${reason} No format of 4 bits or more fits: ${choice.format} takes ${fitText(choice.format)}.`,
  };
}
