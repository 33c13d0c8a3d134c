/** A run's indicators in words. */
import { formatBytes, formatQuantity, formatShare } from "../model/format";
import type { Indicators } from "../model/report";

const peaks = { calibrated: "the measured peak", datasheet: "the data sheet's peak" } as const;

/** "320 samples/s, 12.3 k parameters, …"; "" where nothing is known. */
export function indicatorsText(found: Indicators | undefined): string {
  if (found === undefined) return "";
  const known = (value: number | undefined, text: (value: number) => string) =>
    value === undefined ? [] : [text(value)];
  const utilization = known(found.modelFlopsUtilization, (share) =>
    found.peakSource === undefined ? "" : ` (${formatShare(share)} of ${peaks[found.peakSource]})`,
  ).join("");
  const parts = [
    ...known(found.samplesPerS, (value) => `${formatQuantity(value, "")} samples/s`),
    ...known(found.tokensPerS, (value) => `${formatQuantity(value, "")} tokens/s`),
    ...known(found.parameters, (value) => `${formatQuantity(value, "")} parameters`),
    ...known(found.flopsPerIteration, (value) => `${formatQuantity(value, "FLOP")} an iteration${utilization}`),
    ...known(found.energyPerSampleJ, (value) => `${formatQuantity(value, "J")} a sample`),
    ...known(found.energyPerTokenJ, (value) => `${formatQuantity(value, "J")} a token`),
    ...known(found.peakMemoryBytes, (value) => `${formatBytes(value)} of memory at most`),
    ...known(found.activationBytes, (value) => `${formatBytes(value)} of it activations`),
  ];
  return parts.length === 0 ? "" : `${parts.join(", ")}.`;
}
