/** Rows of a trace that tell of several ranks: collectives (`x`) and operations of a pipeline (`g`); see model/trace.ts. */
import type { TracedCollective, TracedOperation } from "../model/trace";
import { isAmount, isIndex, isNumber, isText } from "./traceRows";

/** From CLOCK_MONOTONIC to seconds since the run's start. */
type Time = (monotonicS: number) => number;

export class RankRows {
  private readonly collectives: TracedCollective[] = [];
  private readonly operations: TracedOperation[] = [];

  /** What was read so far; without a field where there is none of it. */
  view(): { readonly collectives?: readonly TracedCollective[]; readonly operations?: readonly TracedOperation[] } {
    const { collectives, operations } = this;
    return { ...(collectives.length > 0 && { collectives }), ...(operations.length > 0 && { operations }) };
  }

  /** @returns false where the row is none of ours */
  collective(
    [, operation, iteration, start, duration, group, sequence, bytes]: readonly unknown[],
    time: Time,
  ): boolean {
    if (!isText(operation) || !isIndex(iteration, -1) || !isNumber(start) || !isAmount(duration)) return false;
    if (!isText(group) || !isIndex(sequence, 0)) return false;
    const startS = time(start + duration) - duration;
    const known = isAmount(bytes) ? { bytes } : {};
    this.collectives.push({ operation, iteration, startS, durationS: duration, group, sequence, ...known });
    return true;
  }

  /** @returns false where the row is none of ours */
  operation([, pass, stage, microbatch, chunk, iteration, start, duration]: readonly unknown[], time: Time): boolean {
    if ((pass !== "F" && pass !== "B") || !isIndex(stage, 0) || !isIndex(microbatch, 0) || !isIndex(chunk, 0))
      return false;
    if (!isIndex(iteration, -1) || !isNumber(start) || !isAmount(duration)) return false;
    const startS = time(start + duration) - duration;
    const name = pass === "F" ? "forward" : "backward";
    this.operations.push({ pass: name, stage, microbatch, chunk, iteration, startS, durationS: duration });
    return true;
  }
}
