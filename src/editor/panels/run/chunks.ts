/** A run as the messages that its panel draws, each time only what is new. */
import { deviceEnergies } from "../../../analysis/deviceEnergy";
import { energyOfEach, loopIterations } from "../../../analysis/iterationReport";
import { powerSeries } from "../../../analysis/powerSeries";
import type { SpanChunk, ToRunPanel } from "../../../messages/run";
import type { Run } from "../../../model/run";
import type { Trace } from "../../../model/trace";

/** A curve of more points than this has several to a pixel on any screen. */
const curvePoints = 20_000;
/** Samples are kept ten times a second unless the user chose otherwise. */
const finestStepS = 0.1;
/** Messages are copied on their way: of a long run several go one after the other. */
const spansAMessage = 200_000;

/** The curves and spans: remembers what a panel has been told, and answers what it has not. */
export class Chunks {
  private readonly points = new Map<string, number>();
  private readonly spans = new Map<string, number>();
  private stepS: number | undefined;
  private first = true;

  next(run: Run): ToRunPanel[] {
    const messages = [...this.power(run), ...this.spanMessages(run)];
    this.first = false;
    return messages;
  }

  private power(run: Run): ToRunPanel[] {
    // Kept for the panel's life: with another step the points would not go on where they ended.
    this.stepS ??= Math.max(finestStepS, (run.state === "running" ? 0 : run.durationS) / curvePoints);
    const series = [];
    for (const [device, columns] of run.samples) {
      const { timeS, powerW } = powerSeries(columns, this.stepS);
      const sent = this.points.get(device) ?? 0;
      if (timeS.length === sent) continue;
      this.points.set(device, timeS.length);
      // Slices, not views: of a view the whole buffer below it would be sent.
      series.push({ device, timeS: timeS.slice(sent), powerW: powerW.slice(sent) });
    }
    return series.length > 0 || this.first ? [{ type: "power", reset: this.first, series }] : [];
  }

  private spanMessages(run: Run): ToRunPanel[] {
    const messages: ToRunPanel[] = [];
    for (const trace of run.traces) {
      const key = `${trace.header.rank} ${trace.header.pid}`;
      let from = this.spans.get(key) ?? 0;
      const end = trace.spans.phase.length;
      while (from < end) {
        const to = sameFileUntil(trace, from, Math.min(end, from + spansAMessage));
        messages.push({ type: "spans", reset: this.first && messages.length === 0, chunk: spanChunk(trace, from, to) });
        from = to;
      }
      this.spans.set(key, end);
    }
    return messages;
  }

  /**
   * While the run goes on only new iterations are told. At its end all are told again: what was warm-up and what was
   * unusual is known for sure only then.
   */
}

/**
 * The iterations of the loop that the report counts, all of them: which are warm-up and which are unusual is known only
 * from the others, so later ones change what earlier ones are.
 */
export function iterationMessage(run: Run): ToRunPanel | undefined {
  const found = loopIterations(run);
  if (found === undefined || found.iteration.length === 0) return undefined;
  const counted = deviceEnergies(run).filter(({ device }) => device.counted);
  const chunk = {
    iteration: found.iteration,
    startS: found.startS,
    durationS: found.durationS,
    energyJ: energyOfEach(found, counted),
    excluded: found.classified.kind,
  };
  return { type: "iterations", reset: true, chunk };
}

function sameFileUntil({ spans }: Trace, from: number, limit: number): number {
  let to = from + 1;
  while (to < limit && spans.path[to] === spans.path[from]) to++;
  return to;
}

function spanChunk({ header, phaseNames, paths, spans }: Trace, from: number, to: number): SpanChunk {
  return {
    rank: header.rank,
    phaseNames: [...phaseNames],
    path: paths[spans.path[from]!] ?? "",
    phase: spans.phase.slice(from, to),
    startS: spans.startS.slice(from, to),
    durationS: spans.durationS.slice(from, to),
    line: spans.line.slice(from, to),
  };
}
