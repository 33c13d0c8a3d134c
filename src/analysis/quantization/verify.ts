/**
 * From what was measured in the user's Python to an answer: metric, change with its interval, agreement, time, energy.
 *
 * The intervals are those of a bootstrap over samples, the same samples for baseline and variant: what a text makes hard
 * for both falls out. They tell how far the data decides, not how far it is like what the model will meet.
 */
import type { Format } from "../../model/quantization";
import type {
  Interval,
  VerifiedFormat,
  VerifyAnswer,
  VerifyEnergy,
  VerifyMix,
  VerifyResult,
  VerifyRun,
  VerifySpan,
} from "../../model/verify";
import { bootstrapInterval, weighted } from "./bootstrap";

type Outcome = VerifyResult["baseline"];
/** The metric of samples that were drawn `times` each. */
type Metric = (outcome: Outcome, times: Float64Array) => number;

const perplexity: Metric = ({ loss = [], count }, times) => Math.exp(weighted(loss, times) / weighted(count, times));
const accuracy: Metric = ({ correct = [], count }, times) => weighted(correct, times) / weighted(count, times);

/** Fewer samples than this give an interval that is too narrow. */
const fewSamples = 20;

/** @param measured formats that were asked to run with real kernels; @param mixes what the mixed variants were */
export function verifyAnswer(
  { result, energies, energySource, noEnergy }: VerifyRun,
  mixes: readonly VerifyMix[],
): Omit<VerifyAnswer, "calibration"> {
  const { samples, baseline, unit } = result;
  const metric = result.task === "language" ? perplexity : accuracy;
  const once = new Float64Array(samples).fill(1);
  const value = metric(baseline, once);
  const formats = result.variants.map((variant): VerifiedFormat => {
    const mix = mixes.find(({ name }) => name === variant.name);
    const own = metric(variant, once);
    return {
      format: (mix?.format ?? variant.name) as Format,
      ...(mix === undefined ? {} : { mixed: true }),
      value: own,
      change: own - value,
      interval: bootstrapInterval(samples, (times) => metric(variant, times) - metric(baseline, times)),
      agreement: total(variant.agree) / total(variant.count),
      ...(mix === undefined ? speedOf(variant.name, result, energies) : {}),
    };
  });
  const own = result.spans.filter(({ variant }) => variant === "baseline");
  const ownEnergy = energyOf(
    energies.filter(({ variant }) => variant === "baseline"),
    own,
  );
  return {
    metric: result.task === "language" ? "perplexity" : "accuracy",
    unit,
    baseline: value,
    baselineInterval: bootstrapInterval(samples, (times) => metric(baseline, times)),
    samples,
    ...(result.task === "language" ? { tokens: total(baseline.count) } : {}),
    device: result.device,
    computedIn: result.computedIn,
    versions: result.versions,
    ...(own.length === 0 ? {} : { timePerTokenS: secondsAUnit(own) }),
    ...ownEnergy,
    ...(ownEnergy.energyPerTokenJ === undefined || energySource === undefined ? {} : { energySource }),
    formats,
    notes: notesOf(result, noEnergy),
  };
}

const total = (values: readonly number[]) => values.reduce((sum, each) => sum + each, 0);
const secondsAUnit = (spans: readonly VerifySpan[]) =>
  total(spans.map(({ durationS }) => durationS)) / total(spans.map(({ units }) => units));

type Speed = Pick<
  VerifiedFormat,
  "timePerTokenS" | "timeRatio" | "timeRatioInterval" | "energyPerTokenJ" | "energyIntervalJ" | "notMeasured"
>;

/** Turns of the variant against the baseline's turns beside them, pair by pair: a machine's mood meets both. */
function speedOf(format: string, { spans, unmeasured }: VerifyResult, energies: readonly VerifyEnergy[]): Speed {
  const beside = spans.filter((span) => span.beside === format);
  const variant = beside.filter((span) => span.variant === format);
  const baseline = beside.filter((span) => span.variant === "baseline");
  if (variant.length === 0) {
    const reason = unmeasured.find((each) => each.format === format)?.reason;
    return reason === undefined ? {} : { notMeasured: reason };
  }
  const pairs = Math.min(variant.length, baseline.length);
  const each = (span: VerifySpan) => span.durationS / span.units;
  const ratio = (times: Float64Array) =>
    weighted(variant.slice(0, pairs).map(each), times) / weighted(baseline.slice(0, pairs).map(each), times);
  return {
    timePerTokenS: secondsAUnit(variant),
    ...(pairs < 3
      ? {}
      : { timeRatio: ratio(new Float64Array(pairs).fill(1)), timeRatioInterval: bootstrapInterval(pairs, ratio) }),
    ...energyOf(
      energies.filter((energy) => energy.beside === format && energy.variant === format),
      variant,
    ),
  };
}

function energyOf(
  energies: readonly VerifyEnergy[],
  spans: readonly VerifySpan[],
): { energyPerTokenJ?: number; energyIntervalJ?: Interval } {
  const units = total(spans.map(({ units }) => units));
  if (energies.length === 0 || units === 0) return {};
  const energyJ = total(energies.map((each) => each.energyJ));
  const error = Math.hypot(...energies.map(({ standardErrorJ }) => standardErrorJ));
  return {
    energyPerTokenJ: energyJ / units,
    energyIntervalJ: [(energyJ - 1.96 * error) / units, (energyJ + 1.96 * error) / units],
  };
}

function notesOf(result: VerifyResult, noEnergy: string | undefined): string[] {
  const { samples, missing, missingCount, task } = result;
  return [
    ...(samples < fewSamples
      ? [`Only ${samples} ${samples === 1 ? "sample" : "samples"}: the intervals are too narrow.`]
      : []),
    "Rounding is simulated to nearest; GPTQ and calibration on real text usually lose less.",
    ...(task === "classification"
      ? []
      : [`Texts were cut into at most ${result.window} tokens: what happens with longer ones is not measured.`]),
    ...(missingCount > 0
      ? [
          `${missingCount} matrices of the checkpoint have no parameter of that name in the model and stayed as they are (${missing[0]}${missingCount > 1 ? ", …" : ""}).`,
        ]
      : []),
    ...(noEnergy === undefined ? [] : [noEnergy]),
  ];
}
