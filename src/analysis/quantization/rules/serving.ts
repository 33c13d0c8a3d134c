/** Rules R1 to R7: by size, and by how the model is served. */
import {
  asyncSpeedup,
  fp8Energy,
  isReasoning,
  nearestSize,
  reasoningRows,
  smallParameters,
  syncCost,
} from "../evidence";
import {
  atLeast,
  billions,
  deviceText,
  eightBit,
  fp8,
  int4,
  int8,
  mlEnergy,
  not,
  paper,
  type Rule,
  type RuleInput,
  recoveryText,
  single,
  smallReasoningParameters,
  type Verdict,
} from "./rule";

export const r1: Rule = {
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

export const r2: Rule = {
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

export const r3 = fp8Rule("R3", 64, Number.POSITIVE_INFINITY, ({ facts, request }) => {
  const cells = asyncSpeedup[70].concat(asyncSpeedup[405]).filter(({ format }) => format === "W8A8-FP");
  return {
    reason: `Batch ${request.batch}: arithmetic is the limit, and FP8 does it at twice the rate.`,
    choice: fp8,
    effect: `queries a second ${cells.map(({ factor, hardware }) => `× ${factor} (${hardware})`).join(", ")}; energy a token ${large.median} % at the median (${large.low} to ${large.high}); ${recoveryText("W8A8-FP", facts.parameters)}`,
    citation: `${paper}, asynchronous; ${mlEnergy}`,
  };
});

export const r4 = fp8Rule("R4", 17, 63, ({ facts, request }) => ({
  reason: `Batch ${request.batch}: FP8 for memory and latency; its energy is neutral.`,
  choice: fp8,
  effect: `latency ${medium.latencyMedian} %, energy +${medium.median} % at the median (${medium.low} to +${medium.high}); ${recoveryText("W8A8-FP", facts.parameters)}`,
  citation: mlEnergy,
}));

export const r5 = fp8Rule("R5", 5, 16, ({ request }) => ({
  reason: `Batch ${request.batch}: FP8 saved no energy in ${small8.wins} measurements, so INT4, or FP8 for memory alone.`,
  choice: int4,
  effect: `FP8 energy +${small8.median} % at the median (+${small8.low} to +${small8.high}), a small sample`,
  citation: mlEnergy,
}));

export const r6: Rule = {
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

export const r7: Rule = {
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
