import { type BloatColumns, type PlanColumns, planEnergyJ } from "../../src/model/bloatView";
import {
  formatCount,
  formatEnergy,
  formatPartOfWhole,
  formatQuantity,
  formatShare,
  quantityParts,
  unknownText,
} from "../../src/model/format";
import type { Tile } from "../shared/panelFrame";
import { boundAt, nowJ } from "./model";

/** Energy that this iteration spends without being faster for it: against the plan of the same time. */
export function intrinsicJ(columns: BloatColumns, fastest: PlanColumns): number {
  return nowJ(columns) - planEnergyJ(fastest, columns, columns.minimumTimeS);
}

/** The sentence on top. */
export function headline(
  columns: BloatColumns,
  fastest: PlanColumns,
  straggler: { readonly factor: number; readonly plan: PlanColumns } | undefined,
): string {
  const whole = nowJ(columns);
  const lost = intrinsicJ(columns, fastest);
  const first =
    lost <= 1e-9 * whole
      ? "No energy of this iteration is spent without making it faster."
      : `${formatShare(lost / whole)} of this iteration's energy buys no speed: ${formatPartOfWhole(lost, whole, "J")}.`;
  if (straggler === undefined) return first;
  const stragglerS = straggler.factor * columns.minimumTimeS;
  const forced = nowJ(columns, stragglerS);
  const share = (forced - planEnergyJ(straggler.plan, columns, stragglerS)) / forced;
  return `${first.replace(/\.$/, "")}; while it waits for a straggler ${factorText(straggler.factor)} as slow, ${formatShare(share)}.`;
}

/** `1.2×` */
export function factorText(factor: number): string {
  return `${Number(factor.toFixed(2))}×`;
}

export function tiles(columns: BloatColumns | undefined, plan: PlanColumns | undefined, atS: number): Tile[] {
  if (columns === undefined || plan === undefined) {
    return ["now", "plan", "saved", "iteration time"].map((label) => ({ label, number: unknownText, unit: "" }));
  }
  const { minimumTimeS } = columns;
  const now = nowJ(columns, atS);
  const energyJ = planEnergyJ(plan, columns, atS);
  const above = Math.max(0, energyJ / boundAt(columns, atS) - 1);
  const waits = atS > minimumTimeS * (1 + 1e-9);
  const time = quantityParts(atS, "s");
  return [
    energy("now", now, {
      reason: waits ? `${formatEnergy(nowJ(columns))}, and the wait` : "every operation at its fastest",
      title: "One iteration over all stages, waiting included, from the profile's energies.",
    }),
    energy("plan", energyJ, {
      reason: plan.optimal || above < 5e-5 ? "no plan is better" : `at most ${formatShare(above)} above the best`,
      title: "One iteration with the proposed clocks, waiting until its end included.",
    }),
    energy("saved", now - energyJ, {
      reason: `${formatShare((now - energyJ) / now)} of now`,
      title: "Now less plan, for the same iteration time.",
    }),
    {
      label: "iteration time",
      number: time.number,
      unit: time.unit,
      source: "modelled",
      reason: waits ? `${factorText(atS / minimumTimeS)} the fastest` : "as fast as now",
      title: `Longest path of the plan: ${formatQuantity(plan.iterationTimeS, "s")}.`,
    },
  ];
}

function energy(label: string, valueJ: number, more: { reason: string; title: string }): Tile {
  const { number, unit } = quantityParts(valueJ, "J");
  return { label, number, unit, source: "modelled", ...more };
}

/** Facts after the panel's name. */
export function facts(columns: BloatColumns): string[] {
  const { pipeline, operations, cornerS, solveS } = columns;
  const microbatches = pipeline === undefined ? 0 : 1 + pipeline.microbatch.reduce((most, m) => Math.max(most, m), 0);
  return [
    ...(pipeline === undefined ? [] : [`${pipeline.stages} stages × ${microbatches} microbatches`]),
    `${formatCount(operations)} operations`,
    `${formatCount(cornerS.length - 1)} corners in ${formatQuantity(solveS, "s")}`,
  ];
}
