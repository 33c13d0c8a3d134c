/**
 * Words between `wattline quant --verify` and the program that it runs in the user's Python (src/verify), and its answer
 * for people: `verify` of `wattline.quant/1`. docs/quantization.md explains them.
 */
import * as v from "valibot";
import type { Format, Override, ScannedFormat } from "./quantization";

/** What the Python is asked for; a file of JSON. */
export interface VerifyPlan {
  /** Folder with `config.json`, tokenizer and safetensors. */
  readonly model: string;
  readonly data: string;
  /** Samples at most, and tokens a sample at most. */
  readonly samples: number;
  readonly window: number;
  readonly parameters: number;
  /** Names of the checkpoint's linear weights. */
  readonly matrices: readonly string[];
  readonly formats: readonly ScannedFormat[];
  /** Proposals with layers of their own format, by tensor name. */
  readonly mixes: readonly VerifyMix[];
  /** Formats to be run with real kernels, where the Python has them. */
  readonly measured: readonly Format[];
  /** Of each variant; 0: time and energy are not measured. */
  readonly seconds: number;
  readonly batch: number;
}

export interface VerifyMix {
  readonly name: string;
  readonly format: Format;
  readonly overrides: Readonly<Record<string, Format>>;
}

const finite = v.pipe(v.number(), v.finite());
const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const word = v.pipe(v.string(), v.maxLength(2000));
const mostSamples = 1_000_000;
const column = v.pipe(v.array(finite), v.maxLength(mostSamples));
const counts = v.pipe(v.array(count), v.maxLength(mostSamples));

/** A sample's summed loss in nats (a model that writes), or whether it was classified rightly. */
const outcome = { count: counts, loss: v.optional(column), correct: v.optional(counts) };

/** A stretch of time in which one variant ran with real kernels, in turns with the baseline. */
const span = v.object({
  variant: word,
  /** The format that the turn was for. */
  beside: word,
  /** CLOCK_MONOTONIC. */
  startS: finite,
  durationS: v.pipe(finite, v.minValue(0)),
  /** Tokens or samples done. */
  units: v.pipe(v.number(), v.integer(), v.minValue(1)),
});
export type VerifySpan = v.InferOutput<typeof span>;

export const verifyResultSchema = v.object({
  task: v.picklist(["language", "classification"]),
  computedIn: word,
  device: word,
  samples: count,
  window: count,
  missing: v.array(word),
  missingCount: count,
  baseline: v.object(outcome),
  variants: v.pipe(v.array(v.object({ name: word, ...outcome, agree: counts })), v.maxLength(100)),
  spans: v.pipe(v.array(span), v.maxLength(10_000)),
  unmeasured: v.pipe(v.array(v.object({ format: word, reason: word })), v.maxLength(100)),
  unit: v.picklist(["token", "sample"]),
  versions: v.record(word, word),
});
export type VerifyResult = v.InferOutput<typeof verifyResultSchema>;

/** Joules of a variant's spans, from the meters of the run. */
export interface VerifyEnergy {
  readonly variant: string;
  readonly beside: string;
  readonly energyJ: number;
  readonly standardErrorJ: number;
}

/** What the run of the Python left. */
export interface VerifyRun {
  readonly result: VerifyResult;
  readonly energies: readonly VerifyEnergy[];
  readonly energySource?: "measured" | "integrated";
  /** Why there are no energies. */
  readonly noEnergy?: string;
}

export type Interval = readonly [low: number, high: number];

export interface VerifiedFormat {
  readonly format: Format;
  /** The proposal with its overrides. */
  readonly mixed?: boolean;
  /** Of the metric. */
  readonly value: number;
  /** `value` minus the baseline's, and its 95 % interval. */
  readonly change: number;
  readonly interval: Interval;
  /** Share of tokens (samples) whose first choice is the baseline's; absent where it was run with other kernels alone. */
  readonly agreement?: number;
  /** With real kernels; absent where this Python has none, and `notMeasured` says why. */
  readonly timePerTokenS?: number;
  /** Of the baseline's time in the turns beside it: below 1 is faster. */
  readonly timeRatio?: number;
  readonly timeRatioInterval?: Interval;
  readonly energyPerTokenJ?: number;
  readonly energyIntervalJ?: Interval;
  readonly notMeasured?: string;
}

export interface VerifyAnswer {
  readonly metric: "perplexity" | "accuracy";
  /** What times and energies are for. */
  readonly unit: "token" | "sample";
  readonly baseline: number;
  readonly baselineInterval: Interval;
  readonly samples: number;
  readonly tokens?: number;
  /** Where, in which type, and with which libraries quality was computed. */
  readonly device: string;
  readonly computedIn: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly timePerTokenS?: number;
  readonly energyPerTokenJ?: number;
  readonly energyIntervalJ?: Interval;
  readonly energySource?: "measured" | "integrated";
  readonly formats: readonly VerifiedFormat[];
  readonly calibration?: Calibration;
  /** Sentences. */
  readonly notes: readonly string[];
}

/** Thresholds of the proposal, from the measured loss. */
export interface Calibration {
  readonly format: Format;
  /** Nats a token for each unit of mean squared relative error of the weights, and its standard error. */
  readonly natsPerError: number;
  readonly standardError: number;
  /** False where the text cannot tell the formats apart: the thresholds stay. */
  readonly decided: boolean;
  readonly finerDb?: number;
  readonly eightBitDb?: number;
  /** Loss, nats a token, that the format is predicted to cost with these thresholds. */
  readonly predictedNats?: number;
  readonly overrides?: readonly Override[];
  readonly weightBytes?: number;
  readonly message: string;
}
