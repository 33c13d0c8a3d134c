/**
 * Runs side by side by several cost indicators, and where the indicators disagree.
 *
 * Parameters, FLOPs, latency, throughput, memory and energy may rank models differently, and a claim of efficiency that
 * rests on one of them may turn round with another (Dehghani et al. 2022, The Efficiency Misnomer, arXiv:2110.12894).
 * The rule by which a pair is flagged is Wattline's own: indicators differ in sign, each by more than its error.
 */

import {
  type ComparedIndicator,
  type ComparedRun,
  type ComparedValue,
  type Comparison,
  type ComparisonNote,
  type Contradiction,
  compareSchemaName,
  type IndicatorId,
  indicatorIds,
  type RankCorrelation,
} from "../../model/compare";
import { weakestSource } from "../../model/format";
import type { Report } from "../../model/report";
import { kendallTau } from "./kendall";

/** Times and energies that differ by less are the same: so much do runs of one program differ. */
const sameShare = 0.02;
/** Standard errors of a difference that is one. */
const sureErrors = 2;

type Basis = "sample" | "token" | "iteration";

export interface RunToCompare {
  readonly report: Report;
  /** What people call it; different from the others' names. */
  readonly name: string;
  /** Of the run's host. */
  readonly machine: string;
}

/** @param by the one indicator that the runs are to be put in order by */
export function compareRuns(given: readonly RunToCompare[], by?: IndicatorId): Comparison {
  const basis = basisOf(given.map(({ report }) => report));
  const runs = given.map(({ report, name }) => comparedRun(report, name, basis));
  const indicators = indicatorsOf(basis).filter(({ id }) => runs.some(({ values }) => values[id] !== undefined));
  const order = by === undefined ? undefined : orderBy(by, runs, basis);
  const contradictions = contradictionsOf(runs, indicators);
  return {
    schema: compareSchemaName,
    indicators,
    runs,
    contradictions,
    rankCorrelations: correlationsOf(runs, indicators),
    ...(by !== undefined && order !== undefined && { order: { by, runs: order } }),
    notes: notesOf(runs, indicators, contradictions, new Set(given.map(({ machine }) => machine)).size, by, order),
  };
}

/** What all runs can be told of: a sample is a fairer unit than a batch, whose size may differ. */
function basisOf(reports: readonly Report[]): Basis {
  if (reports.every(({ indicators }) => indicators?.samplesPerS !== undefined)) return "sample";
  if (reports.every(({ indicators }) => indicators?.tokensPerS !== undefined)) return "token";
  return "iteration";
}

function indicatorsOf(basis: Basis): ComparedIndicator[] {
  return [
    { id: "parameters", name: "parameters", unit: "", better: "less" },
    { id: "flops", name: `FLOPs ${article(basis)}`, unit: "FLOP", better: "less" },
    { id: "latency", name: "time an iteration", unit: "s", better: "less" },
    { id: "throughput", name: `${basis}s a second`, unit: "/s", better: "more" },
    { id: "memory", name: "peak memory", unit: "B", better: "less" },
    { id: "energy", name: `energy ${article(basis)}`, unit: "J", better: "less" },
  ];
}

const article = (basis: Basis) => `${basis === "iteration" ? "an" : "a"} ${basis}`;

function comparedRun(report: Report, name: string, basis: Basis): ComparedRun {
  const { run, indicators = {}, iterations } = report;
  const { durationPerIterationS: iterationS } = iterations;
  const rate =
    basis === "sample"
      ? indicators.samplesPerS
      : basis === "token"
        ? indicators.tokensPerS
        : iterationS === undefined
          ? undefined
          : 1 / iterationS;
  // What an iteration has of the basis.
  const each = rate !== undefined && iterationS !== undefined ? rate * iterationS : undefined;
  const perBasis = (amount: number | undefined) =>
    amount === undefined || each === undefined || !(each > 0) ? undefined : amount / each;
  const error = perBasis(iterations.standardErrorJ);
  const energySource = weakestSource(report.devices.filter(({ counted }) => counted).map(({ source }) => source));
  const values: Partial<Record<IndicatorId, ComparedValue>> = {};
  const add = (id: IndicatorId, value: number | undefined, more: Partial<ComparedValue> = {}) => {
    if (value !== undefined && Number.isFinite(value) && value >= 0)
      values[id] = { value, source: "measured", ...more };
  };
  add("parameters", indicators.parameters);
  add("flops", perBasis(indicators.flopsPerIteration), { source: "modelled" });
  add("latency", iterationS);
  // Iterations a second are the time of one, said again.
  add("throughput", basis === "iteration" ? undefined : rate);
  add("memory", indicators.peakMemoryBytes);
  add("energy", perBasis(iterations.energyPerIterationJ), {
    ...(error !== undefined && { standardError: error }),
    ...(energySource && { source: energySource }),
  });
  return { id: run.id, path: run.path, name, values };
}

/** 1 where the first run is better, -1 where the second is, 0 where they cannot be told apart, undefined unless both are known. */
export function compareBy({ id, better }: ComparedIndicator, a: ComparedRun, b: ComparedRun): -1 | 0 | 1 | undefined {
  const [first, second] = [a.values[id], b.values[id]];
  if (first === undefined || second === undefined) return undefined;
  const difference = second.value - first.value;
  // Counts are exact; what is measured is not.
  const exact = id === "parameters" || id === "flops";
  const unsure = Math.max(
    (exact ? 1e-6 : sameShare) * Math.max(first.value, second.value),
    sureErrors * Math.hypot(first.standardError ?? 0, second.standardError ?? 0),
  );
  if (Math.abs(difference) <= unsure) return 0;
  return difference > 0 === (better === "less") ? 1 : -1;
}

function contradictionsOf(runs: readonly ComparedRun[], indicators: readonly ComparedIndicator[]): Contradiction[] {
  const found: Contradiction[] = [];
  for (let i = 0; i < runs.length; i++) {
    for (let j = i + 1; j < runs.length; j++) {
      const signs = indicators.map((indicator) => [indicator.id, compareBy(indicator, runs[i]!, runs[j]!)] as const);
      const firstBetter = signs.flatMap(([id, sign]) => (sign === 1 ? [id] : []));
      const secondBetter = signs.flatMap(([id, sign]) => (sign === -1 ? [id] : []));
      if (firstBetter.length > 0 && secondBetter.length > 0) found.push({ runs: [i, j], firstBetter, secondBetter });
    }
  }
  return found;
}

function correlationsOf(runs: readonly ComparedRun[], indicators: readonly ComparedIndicator[]): RankCorrelation[] {
  return indicators.flatMap((a, k) =>
    indicators.slice(k + 1).flatMap((b): RankCorrelation[] => {
      const both = runs.filter(({ values }) => values[a.id] !== undefined && values[b.id] !== undefined);
      if (both.length < 2) return [];
      const order = (indicator: ComparedIndicator) => (i: number, j: number) =>
        compareBy(indicator, both[i]!, both[j]!) ?? 0;
      const tau = kendallTau(both.length, order(a), order(b));
      return [{ indicators: [a.id, b.id], ...(tau !== undefined && { tau }), runs: both.length }];
    }),
  );
}

/** Those that have it, best first. */
function orderBy(by: IndicatorId, runs: readonly ComparedRun[], basis: Basis): number[] {
  const { better } = indicatorsOf(basis).find(({ id }) => id === by)!;
  const value = (place: number) => runs[place]!.values[by]!.value;
  return [...runs.keys()]
    .filter((place) => runs[place]!.values[by] !== undefined)
    .sort((i, j) => (better === "less" ? value(i) - value(j) : value(j) - value(i)));
}

function notesOf(
  runs: readonly ComparedRun[],
  indicators: readonly ComparedIndicator[],
  contradictions: readonly Contradiction[],
  machines: number,
  by: IndicatorId | undefined,
  order: readonly number[] | undefined,
): ComparisonNote[] {
  const notes: ComparisonNote[] = [];
  const nameOf = (id: IndicatorId) => indicators.find((one) => one.id === id)?.name ?? id;
  if (contradictions.length > 0) {
    const pairs = (runs.length * (runs.length - 1)) / 2;
    const message =
      `In ${contradictions.length} of ${pairs} ${pairs === 1 ? "pair" : "pairs"} each run is better by some indicator: which is ` +
      "the more efficient depends on what is counted. Say which indicators a claim is about.";
    notes.push({ code: "contradiction", message });
  }
  const best = order?.[0];
  if (by !== undefined && best !== undefined) {
    const against = contradictions.flatMap(({ runs: pair, firstBetter, secondBetter }) =>
      pair[0] === best ? secondBetter : pair[1] === best ? firstBetter : [],
    );
    const others = indicatorIds.filter((id) => against.includes(id)).map(nameOf);
    const turned = others.length > 0 ? ` By ${others.join(", ")} another run is ahead of it.` : "";
    const message =
      `By ${nameOf(by)} alone ${runs[best]!.name} is best. That is a claim about ${nameOf(by)} in this setup, not about ` +
      `efficiency.${turned}`;
    notes.push({ code: "single-indicator", message });
  }
  if (runs.length < 4) {
    notes.push({
      code: "few-runs",
      message: `${runs.length} runs say little about how indicators go together: rank correlations are of these runs alone.`,
    });
  }
  if (machines > 1) {
    const message = "The runs are of different machines: their times and energies are not of the programs alone.";
    notes.push({ code: "other-machine", message });
  }
  const absent = indicatorIds.filter((id) => runs.some(({ values }) => values[id] === undefined));
  if (absent.length > 0) {
    const message = `Not known of every run, and so compared only where it is: ${absent.join(", ")}.`;
    notes.push({ code: "missing", message });
  }
  if (indicators.some(({ id }) => id === "flops" || id === "parameters")) {
    const message =
      "FLOPs and parameters leave out what can be done side by side and what memory has to move; parameters say little of " +
      "models that use a part of them at a time (mixture of experts) or share them.";
    notes.push({ code: "theoretical", message });
  }
  return notes;
}
