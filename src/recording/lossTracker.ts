/** Spans in which a device could not be read. A reading that fails once between two good ones is no loss. */
import type { LostSpan } from "./samplerProtocol";

/** Failures that last less are a hiccup: the counter goes on counting, and the next reading has it all. */
const lossFromS = 1;

export class LossTracker {
  private readonly spans: LostSpan[] = [];
  private readonly open = new Map<string, { fromS: number; reason: string }>();
  private readonly lastGood = new Map<string, number>();

  /** One poll of one device: `failure` is why nothing was read, undefined for a good reading. */
  poll(device: string, timeS: number, failure: string | undefined): void {
    if (failure !== undefined) {
      if (!this.open.has(device)) this.open.set(device, { fromS: this.lastGood.get(device) ?? timeS, reason: failure });
      return;
    }
    const span = this.open.get(device);
    if (span !== undefined) {
      this.open.delete(device);
      if (timeS - span.fromS >= lossFromS) this.spans.push({ device, ...span, toS: timeS });
    }
    this.lastGood.set(device, timeS);
  }

  /** @returns all spans so far; those that are open last until now */
  until(timeS: number): LostSpan[] {
    const open = [...this.open].filter(([, { fromS }]) => timeS - fromS >= lossFromS);
    return [...this.spans, ...open.map(([device, span]) => ({ device, ...span, toS: timeS }))];
  }
}

/** Spans of a device that touch are one, with the first one's reason. @returns in order of device, then of time */
export function mergeSpans(spans: readonly LostSpan[]): LostSpan[] {
  const merged: LostSpan[] = [];
  for (const span of [...spans].sort((a, b) => a.device.localeCompare(b.device) || a.fromS - b.fromS)) {
    const last = merged.at(-1);
    if (last === undefined || last.device !== span.device || span.fromS > last.toS) merged.push(span);
    else merged[merged.length - 1] = { ...last, toS: Math.max(last.toS, span.toS) };
  }
  return merged;
}
