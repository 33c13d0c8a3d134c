/** The first sentence of a run's waste, and the share that a CodeLens shows. */
import { formatEnergy, formatPartOfWhole, formatShare } from "../../model/format";
import type { WasteKind, WasteReport } from "../../model/waste";

export function energyOfKind({ parts }: Pick<WasteReport, "parts">, kind: WasteKind): number {
  return parts.reduce((sum, part) => (part.kind === kind ? sum + part.energyJ : sum), 0);
}

/** Of the run's energy: what was spent inside of the loop without making it any faster, intrinsic and extrinsic. */
export function bloatShare(report: Pick<WasteReport, "parts" | "energyJ">): number {
  return report.energyJ > 0
    ? (energyOfKind(report, "intrinsic") + energyOfKind(report, "extrinsic")) / report.energyJ
    : 0;
}

/** Less than this is nothing to speak of. */
const worthSaying = 0.01;

export function wasteHeadline(report: WasteReport): string {
  const { energyJ, parts, stragglers } = report;
  const share = bloatShare(report);
  const outside = energyOfKind(report, "outside") / energyJ;
  const more = outside >= 0.1 ? ` Another ${formatShare(outside)} was outside of the loop.` : "";
  if (share < worthSaying) {
    const loop = report.run.iterations === 0 ? "No loop was traced" : "Nearly all of the loop's energy was useful work";
    return `${loop}.${more}`;
  }
  const bloatJ = share * energyJ;
  const largest = parts
    .filter(({ kind }) => kind === "intrinsic" || kind === "extrinsic")
    .reduce((a, b) => (b.energyJ > a.energyJ ? b : a));
  const [worst] = stragglers;
  const chronic = worst?.chronic && worst.energyOfOthersJ >= worthSaying * energyJ;
  const straggler = chronic
    ? ` Rank ${worst.rank} holds the others up: they spent ${formatEnergy(worst.energyOfOthersJ)} in waiting for it.`
    : ` Most of it: ${largest.name}.`;
  const whole = formatPartOfWhole(bloatJ, energyJ, "J");
  return `${formatShare(share)} of this run's energy bought no speed: ${whole}.${straggler}${more}`;
}
