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
    this.close(device, timeS);
    this.lastGood.set(device, timeS);
  }

  /** @returns all spans; those that are open end now */
  end(timeS: number): LostSpan[] {
    for (const device of [...this.open.keys()]) this.close(device, timeS);
    return this.spans;
  }

  private close(device: string, toS: number): void {
    const span = this.open.get(device);
    if (span === undefined) return;
    this.open.delete(device);
    if (toS - span.fromS >= lossFromS) this.spans.push({ device, fromS: span.fromS, toS, reason: span.reason });
  }
}
