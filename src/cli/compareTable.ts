/** A comparison of runs as a person reads it in a terminal. */
import { compareBy } from "../analysis/efficiency/indicatorComparison";
import type { ComparedIndicator, ComparedRun, Comparison, IndicatorId } from "../model/compare";
import { formatBytes, formatCount, formatQuantity, formatSourced, unknownText } from "../model/format";
import { printable, table, wrap } from "./table";

/** More pairs are not read one by one. */
const mostPairs = 20;

export function compareTable(comparison: Comparison): string {
  const { indicators, runs, notes } = comparison;
  if (indicators.length === 0) return "Nothing is known of these runs that could be compared.\n";
  const parts = [
    values(comparison),
    "* nothing known is better; what cannot be told from the best is marked too",
    pairs(comparison),
    correlations(comparison),
    ...notes.map(({ message }) => wrap(`! ${printable(message)}`, 80, "")),
  ];
  return `${parts.filter((part) => part !== "" && runs.length > 0).join("\n\n")}\n`;
}

function values({ indicators, runs, order }: Comparison): string {
  const first = order?.runs ?? [];
  const places = [...first, ...[...runs.keys()].filter((place) => !first.includes(place))];
  const rows = places.map((place) => [
    printable(runs[place]!.name),
    ...indicators.map((indicator) => cell(indicator, runs[place]!, runs)),
  ]);
  const heading = ["Run", ...indicators.map(({ name }) => name)];
  return table([heading, ...rows], ["left", ...indicators.map(() => "right" as const)]);
}

function cell(indicator: ComparedIndicator, run: ComparedRun, runs: readonly ComparedRun[]): string {
  const found = run.values[indicator.id];
  if (found === undefined) return `${unknownText}  `;
  const best = runs.every((other) => compareBy(indicator, run, other) !== -1);
  const text =
    indicator.unit === "B"
      ? formatBytes(found.value)
      : formatQuantity(found.value, indicator.unit, found.standardError);
  return `${indicator.id === "energy" ? formatSourced(text, found.source) : text} ${best ? "*" : " "}`;
}

function pairs({ contradictions, indicators, runs }: Comparison): string {
  if (contradictions.length === 0) return "No pair of runs has indicators that point in opposite directions.";
  const names = (ids: readonly IndicatorId[]) =>
    ids.map((id) => indicators.find((one) => one.id === id)?.name ?? id).join(", ");
  const lines = contradictions.slice(0, mostPairs).map(({ runs: [a, b], firstBetter, secondBetter }) => {
    const [first, second] = [printable(runs[a]!.name), printable(runs[b]!.name)];
    return wrap(`${first} is better by ${names(firstBetter)}; ${second} by ${names(secondBetter)}.`, 80, "  ");
  });
  const more = contradictions.length - lines.length;
  return [
    "Indicators that disagree:",
    ...lines,
    ...(more > 0 ? [`  … and ${formatCount(more)} more pairs (--json has all)`] : []),
  ].join("\n");
}

/** Kendall's tau, a triangle. */
function correlations({ rankCorrelations, indicators }: Comparison): string {
  if (rankCorrelations.length === 0) return "";
  const taus = new Map(rankCorrelations.map(({ indicators: [a, b], tau }) => [`${a} ${b}`, tau]));
  const rows = indicators.slice(0, -1).map((a) => [
    a.name,
    ...indicators.slice(1).map((b) => {
      const tau = taus.get(`${a.id} ${b.id}`);
      return tau === undefined ? (taus.has(`${a.id} ${b.id}`) ? unknownText : "") : tau.toFixed(2).replace("-", "−");
    }),
  ]);
  const heading = ["Rank correlation (Kendall's tau)", ...indicators.slice(1).map(({ name }) => name)];
  return table([heading, ...rows], ["left", ...indicators.slice(1).map(() => "right" as const)]);
}
