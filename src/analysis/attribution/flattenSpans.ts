/**
 * Spans of one process may nest (a forward inside an evaluation's callback) or overlap by a rounded microsecond. Each
 * moment belongs to the innermost span, which is the one that began last.
 */
import { Growing } from "../../model/grow";
import type { Segments } from "./timeline";

export interface Spans {
  readonly startS: Float64Array;
  readonly durationS: Float64Array;
  readonly phase: Uint8Array | Uint16Array | Int32Array;
}

export interface FlatSegments extends Segments {
  readonly phase: Int32Array;
  /** The span that each segment is a part of. */
  readonly span: Int32Array;
}

/**
 * @param spans in any order; those without a positive, finite duration are left out
 * @returns disjoint segments in order of time. O(n log n), O(n) where the spans are in order
 */
export function flattenSpans({ startS, durationS, phase }: Spans): FlatSegments {
  const order = orderOf(startS, durationS);
  const out = {
    startS: new Growing(new Float64Array(startS.length)),
    endS: new Growing(new Float64Array(startS.length)),
    phase: new Growing(new Int32Array(startS.length)),
    span: new Growing(new Int32Array(startS.length)),
  };
  // Spans that have begun and not ended, the innermost last; time is told up to `atS`.
  const open: number[] = [];
  let atS = Number.NEGATIVE_INFINITY;
  const endOf = (span: number) => startS[span]! + durationS[span]!;
  const tell = (span: number, untilS: number) => {
    if (untilS <= atS) return;
    out.startS.push(atS);
    out.endS.push(untilS);
    out.phase.push(phase[span]!);
    out.span.push(span);
    atS = untilS;
  };
  const closeUntil = (timeS: number) => {
    while (open.length > 0) {
      const innermost = open[open.length - 1]!;
      const endS = endOf(innermost);
      if (endS > timeS) {
        tell(innermost, timeS);
        return;
      }
      tell(innermost, endS);
      open.pop();
    }
  };
  for (const span of order) {
    const fromS = startS[span]!;
    closeUntil(fromS);
    atS = Math.max(atS, fromS);
    open.push(span);
  }
  closeUntil(Number.POSITIVE_INFINITY);
  return { startS: out.startS.view(), endS: out.endS.view(), phase: out.phase.view(), span: out.span.view() };
}

/** By start; of two that start together the longer one is the outer. */
function orderOf(startS: Float64Array, durationS: Float64Array): Uint32Array {
  const usable = new Uint32Array(startS.length);
  let count = 0;
  let sorted = true;
  for (let span = 0; span < startS.length; span++) {
    if (!(durationS[span]! > 0) || !Number.isFinite(startS[span]! + durationS[span]!)) continue;
    if (count > 0 && !comesBefore(usable[count - 1]!, span)) sorted = false;
    usable[count++] = span;
  }
  const order = usable.subarray(0, count);
  if (!sorted) order.sort((a, b) => startS[a]! - startS[b]! || durationS[b]! - durationS[a]! || a - b);
  return order;

  function comesBefore(a: number, b: number): boolean {
    return startS[a]! < startS[b]! || (startS[a]! === startS[b]! && durationS[a]! >= durationS[b]!);
  }
}
