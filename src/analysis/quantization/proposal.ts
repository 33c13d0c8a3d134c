/**
 * Which layers should not have the format that the rules chose: those that rounding hurts most.
 *
 * Penalty = signal to noise of Gaussian weights minus the layer's. Above 1.5 dB a 4-bit layer gets smaller groups or a
 * zero point, above 3 dB it keeps 8 bits; so does a layer whose kurtosis stands out, if it is a value projection or in
 * the first or last block. The thresholds are a proposal, not calibrated on this model: `--verify` is for that.
 */
import {
  type Format,
  formatBits,
  type ModelFacts,
  type Override,
  type QuantDevice,
  type ScannedFormat,
  scannedFormats,
  type TensorStatistics,
} from "../../model/quantization";
import { runsOn } from "./hardware";
import { weightBytes } from "./sizes";
import { gaussianSqnrDb, placeOf } from "./statistics";

/** dB of penalty above which a 4-bit layer gets finer scales, and above which it keeps 8 bits. */
export interface PenaltyLimits {
  readonly finerDb: number;
  readonly eightBitDb: number;
}

export const penaltyLimits: PenaltyLimits = { finerDb: 1.5, eightBitDb: 3 };

export function penaltyDb(layer: Pick<TensorStatistics, "sqnrDb">, format: ScannedFormat): number | undefined {
  const measured = layer.sqnrDb[format];
  return measured === undefined ? undefined : gaussianSqnrDb[format] - measured;
}

interface Wish {
  readonly format: Format;
  readonly reason: string;
}

export const isScanned = (format: Format): format is ScannedFormat =>
  (scannedFormats as readonly Format[]).includes(format);
const valueProjection = /(^|[._])(v_proj|value|attn_v|v)(\.|_|$)/;

/** What a layer should have instead of `format`, if anything. */
function wishOf(
  layer: TensorStatistics,
  format: ScannedFormat,
  eightBit: Format,
  edges: ReadonlySet<number>,
  limits: PenaltyLimits,
): Wish | undefined {
  const penalty = penaltyDb(layer, format);
  if (penalty === undefined) return undefined;
  if (formatBits[format] >= 8) {
    // 8 bits that keep less than 4 bits keep of Gaussian weights have lost their point.
    const least = gaussianSqnrDb["int4-g128-asym"];
    if (layer.sqnrDb[format]! >= least) return undefined;
    return {
      format: "bf16",
      reason: `${format} leaves ${layer.sqnrDb[format]!.toFixed(1)} dB, less than 4 bits leave of Gaussian weights (${least} dB)`,
    };
  }
  if (penalty > limits.eightBitDb)
    return {
      format: eightBit,
      reason: `${penalty.toFixed(1)} dB worse than Gaussian weights (above ${limits.eightBitDb} dB: 8 bits)`,
    };
  const place = placeOf(layer.name);
  if (layer.flagged && place !== undefined && (edges.has(place.layer) || valueProjection.test(place.projection))) {
    return {
      format: eightBit,
      reason: `kurtosis ${layer.kurtosis.toFixed(1)} stands out among its neighbours, in ${edges.has(place.layer) ? "the first or last block" : "a value projection"}`,
    };
  }
  if (penalty > limits.finerDb) {
    const finer = (["int4-g32", "int4-g128-asym"] as const).reduce((best, other) =>
      (layer.sqnrDb[other] ?? 0) > (layer.sqnrDb[best] ?? 0) ? other : best,
    );
    if ((layer.sqnrDb[finer] ?? 0) > layer.sqnrDb[format]!) {
      return {
        format: finer,
        reason: `${penalty.toFixed(1)} dB worse than Gaussian weights (above ${limits.finerDb} dB: finer scales)`,
      };
    }
  }
  return undefined;
}

/** A layer that is to have another format than the rest. */
export interface Exception extends Wish {
  readonly layer: TensorStatistics;
}

/** The layers that should not have `format`, each with what it should have instead. */
export function exceptionsOf(
  layers: readonly TensorStatistics[],
  format: Format,
  device: QuantDevice | undefined,
  limits: PenaltyLimits = penaltyLimits,
): Exception[] {
  if (!isScanned(format)) return [];
  const eightBit: Format = runsOn("fp8-e4m3", device).known
    ? "fp8-e4m3"
    : runsOn("int8-channel", device).known
      ? "int8-channel"
      : "bf16";
  const numbers = layers.flatMap(({ name }) => placeOf(name)?.layer ?? []);
  const edges = new Set(
    numbers.length === 0 ? [] : [numbers.reduce((a, b) => Math.min(a, b)), numbers.reduce((a, b) => Math.max(a, b))],
  );
  return layers.flatMap((layer) => {
    const wish = wishOf(layer, format, eightBit, edges, limits);
    return wish === undefined ? [] : [{ ...wish, layer }];
  });
}

/** Overrides of `format`, layers of one projection and one wish together, and the bytes of the whole with them. */
export function proposeOverrides(
  facts: ModelFacts,
  layers: readonly TensorStatistics[],
  format: Format,
  device: QuantDevice | undefined,
  limits: PenaltyLimits = penaltyLimits,
): { overrides: Override[]; weightBytes: number } {
  const groups = new Map<string, { projection: string; format: Format; layers: number[]; reasons: string[] }>();
  let extra = 0;
  for (const { layer, ...wish } of exceptionsOf(layers, format, device, limits)) {
    const elements = layer.shape.reduce((product, size) => product * size, 1);
    extra += (elements * (formatBits[wish.format] - formatBits[format])) / 8;
    const place = placeOf(layer.name);
    // Hundreds of experts in one pattern each would be no proposal: they go together.
    const projection = (place?.projection ?? layer.name)
      .replace(/\.weight$/, "")
      .replace(/experts\.\d+\./, "experts.#.");
    const key = `${projection}\n${wish.format}\n${place === undefined}`;
    const group = groups.get(key) ?? { projection, format: wish.format, layers: [], reasons: [] };
    if (place !== undefined && !group.layers.includes(place.layer)) group.layers.push(place.layer);
    group.reasons.push(wish.reason);
    groups.set(key, group);
  }
  const overrides = [...groups.values()].map(
    (group): Override => ({ pattern: patternOf(group), format: group.format, reason: reasonOf(group.reasons) }),
  );
  return { overrides, weightBytes: weightBytes(facts, format) + extra };
}

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** `re:.*\.(0|31)\.mlp\.down_proj$` over module names. */
function patternOf({ projection, layers }: { projection: string; layers: readonly number[] }): string {
  const name = escaped(projection).replace("experts\\.#\\.", "experts\\.\\d+\\.");
  if (layers.length === 0) return `re:^${name}$`;
  const numbers = [...layers].sort((a, b) => a - b).join("|");
  return `re:.*\\.(${numbers})\\.${name}$`;
}

function reasonOf(reasons: readonly string[]): string {
  return reasons.length === 1 ? reasons[0]! : `${reasons.length} layers; the first: ${reasons[0]!}`;
}
