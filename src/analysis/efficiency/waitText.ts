/** What was seen of a wait, and what to try. */
import { formatQuantity, formatShare, plural } from "../../model/format";
import type { Wait } from "../../model/gap";
import type { LaunchBound } from "./launch";

export function waitText(wait: Omit<Wait, "text">, launch: LaunchBound): string {
  const { cause, timeS, share, places } = wait;
  const spent = `${formatQuantity(timeS, "s")} of an iteration (${formatShare(share)})`;
  switch (cause) {
    case "data":
      return `${spent} wait for data.${partsText(wait)}`;
    case "communication":
      return (
        `${spent} go into communication. Buckets that are sent while the backward goes on, or fewer and larger ones, ` +
        "hide it."
      );
    case "launch":
      return (
        `${spent} go into starting ${plural(launch.layers, "layer")} that are too small for the device. A larger batch, ` +
        '`torch.compile(mode="reduce-overhead")` (CUDA graphs) and fused layers start fewer.'
      );
    case "synchronization":
      return (
        `${spent} the device has nothing to do while the program is between two phases. At ` +
        `${plural(places?.length ?? 0, "place")} the loop waits for an answer of the device: collect such values on the ` +
        "device and read them every some iterations."
      );
    case "untraced":
      return places === undefined || places.length === 0
        ? `${spent} are in no phase: Python between the phases, logging, checkpoints.`
        : `${spent} are in no phase: Python between the phases, among it reading values and printing.`;
  }
}

function partsText({ parts }: Omit<Wait, "text">): string {
  const largest = parts?.[0];
  if (largest === undefined) {
    return " More workers of the loader, or decoding and transforming once and for all, let it work ahead.";
  }
  const advice = /transfer|device|h2d|copy/i.test(largest.name)
    ? "`pin_memory=True` with `non_blocking=True` lets the copy go on beside the computing."
    : "On the GPU, or in more workers, it would go on beside the computing.";
  return ` Of it, ${formatQuantity(largest.timeS, "s")} are ${largest.name}. ${advice}`;
}
