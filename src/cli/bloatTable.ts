/** The report of `wattline bloat FILE` for a terminal: what is lost, what can be had, and which clocks to set. */
import type { BloatReport, FrontierPoint, PlannedOperation } from "../model/bloat";
import { formatEnergy, formatQuantity, formatShare, plural } from "../model/format";
import { printable, table, wrap } from "./table";

/** A plan from elsewhere, on the same profile. */
export interface Compared {
  readonly path: string;
  readonly iterationTimeS: number;
  readonly energyJ: number;
}

const columns = 100;
const shownPoints = 9;
const shownClasses = 32;

export function bloatTable(report: BloatReport, compared: Compared | undefined): string {
  const parts = [
    headline(report),
    times(report),
    frontierTable(report),
    planText(report),
    stageTable(report),
    compared === undefined ? "" : comparison(report, compared),
    report.notes.map((note) => wrap(printable(note), columns, "  ")).join("\n"),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

function headline({ name, intrinsic, extrinsic, operations, solver }: BloatReport): string {
  const what = name === undefined ? "This iteration" : printable(name.slice(0, 200));
  const straggler =
    extrinsic === undefined
      ? ""
      : `; with a straggler that takes ${seconds(extrinsic.stragglerTimeS)}, ${formatShare(extrinsic.share)} is lost`;
  const text =
    `${what}: ${formatShare(intrinsic.share)} of an iteration's energy (${formatEnergy(intrinsic.energyJ)}) ` +
    `buys no speed${straggler}.`;
  const effort = `${plural(operations, "operation")}, ${plural(solver.steps, "corner")} in ${formatQuantity(solver.elapsedS, "s")}`;
  return `${wrap(text, columns, "")}\n(${effort})`;
}

function times(report: BloatReport): string {
  const { baseline, extrinsic } = report;
  const rows = [
    ["now, every operation at its fastest", seconds(baseline.iterationTimeS), formatEnergy(baseline.energyJ)],
    [
      "as fast, off-path operations slower",
      seconds(report.minimumTimeS),
      formatEnergy(baseline.energyJ - report.intrinsic.energyJ),
    ],
    [
      "least energy (relaxed)",
      seconds(report.minimumEnergyTimeS),
      formatEnergy(energyNear(report.frontier, report.minimumEnergyTimeS)),
    ],
    [
      "slowest that is useful (relaxed)",
      seconds(report.slowestUsefulTimeS),
      formatEnergy(report.frontier.at(-1)!.energyJ),
    ],
  ];
  if (extrinsic !== undefined) {
    rows.push(["lost to the straggler", seconds(extrinsic.stragglerTimeS), formatEnergy(extrinsic.energyJ)]);
    rows.push(["  of it beyond the above", "", formatEnergy(extrinsic.beyondIntrinsicJ)]);
  }
  return table([["", "iteration", "energy"], ...rows], ["left", "right", "right"]);
}

function energyNear(frontier: readonly FrontierPoint[], timeS: number): number {
  return frontier.reduce((best, point) =>
    Math.abs(point.iterationTimeS - timeS) < Math.abs(best.iterationTimeS - timeS) ? point : best,
  ).energyJ;
}

/** A few realized points from the minimum time to the one of least energy, which is where people choose. */
function frontierTable({ frontier, baseline, minimumEnergyTimeS }: BloatReport): string {
  const points = frontier.filter(
    ({ iterationTimeS, realizedEnergyJ }) =>
      realizedEnergyJ !== undefined && iterationTimeS <= minimumEnergyTimeS * 1.0001,
  );
  const some = points.filter(
    (_, k) =>
      points.length <= shownPoints || k % Math.ceil(points.length / (shownPoints - 1)) === 0 || k === points.length - 1,
  );
  if (some.length < 2) return "";
  const rows = some.map(({ iterationTimeS, realizedEnergyJ }) => [
    seconds(iterationTimeS),
    `+${(100 * (iterationTimeS / baseline.iterationTimeS - 1)).toFixed(1)} %`,
    formatEnergy(realizedEnergyJ),
    formatShare(1 - realizedEnergyJ! / baseline.energyJ),
  ]);
  return table([["frontier", "slower by", "energy", "saved"], ...rows], ["right", "right", "right", "right"]);
}

function planText({ plan, baseline }: BloatReport): string {
  const above = plan.energyJ / plan.lowerBoundJ - 1;
  const quality = plan.optimal ? "no plan is better" : `at most ${formatShare(above)} above the best there can be`;
  const text =
    `Plan for ${seconds(plan.deadlineS)}: ${formatEnergy(plan.energyJ)} (${quality}), ` +
    `ends after ${seconds(plan.iterationTimeS)}; now ${formatEnergy(baseline.energyJ)}.`;
  return `${wrap(text, columns, "")}\n${operationsTable(plan.operations)}`;
}

/** One row a stage and kind where ids are a pipeline's, else one an operation. */
function operationsTable(operations: readonly PlannedOperation[]): string {
  const groups = new Map<string, PlannedOperation[]>();
  for (const operation of operations) {
    const stage = /^([FBR])(\d+)\.\d+\.\d+$/.exec(operation.id);
    const words = { F: "forward", B: "backward", R: "recompute" } as const;
    const key = stage === null ? printable(operation.id.slice(0, 60)) : `stage ${stage[2]} ${words[stage[1] as "F"]}`;
    const list = groups.get(key);
    if (list === undefined) groups.set(key, [operation]);
    else list.push(operation);
  }
  const rows = Array.from(groups, ([key, list]) => {
    const saved = list.reduce((sum, { baselineEnergyJ, energyJ }) => sum + baselineEnergyJ - energyJ, 0);
    return [
      key,
      range(
        list.map(({ baselineFrequencyMhz }) => baselineFrequencyMhz),
        "MHz",
      ),
      range(
        list.map(({ frequencyMhz }) => frequencyMhz),
        "MHz",
      ),
      range(
        list.map(({ timeS }) => timeS * 1000),
        "ms",
      ),
      range(
        list.map(({ slackS }) => Math.max(0, slackS) * 1000),
        "ms",
      ),
      formatEnergy(saved),
    ];
  });
  const shown = rows.slice(0, shownClasses);
  const rest =
    rows.length > shown.length ? `\n… and ${rows.length - shown.length} more: --json or --plan has them all` : "";
  const head = ["", "clock now", "clock proposed", "time", "slack left", "saved by the meter"];
  return table([head, ...shown], ["left", "right", "right", "right", "right", "right"]) + rest;
}

function range(values: readonly (number | undefined)[], unit: string): string {
  const known = values.filter((value) => value !== undefined);
  if (known.length === 0) return "–";
  const digits = (value: number) => (unit === "MHz" || value >= 99.95 ? value.toFixed(0) : value.toFixed(1));
  const low = digits(known.reduce((least, value) => Math.min(least, value)));
  const high = digits(known.reduce((most, value) => Math.max(most, value)));
  return low === high ? `${low} ${unit}` : `${low}-${high} ${unit}`;
}

function stageTable({ stages }: BloatReport): string {
  if (stages === undefined) return "";
  const rows = stages
    .slice(0, shownClasses)
    .map((stage) => [
      `stage ${stage.stage}`,
      seconds(stage.baselineWaitingS),
      formatEnergy(stage.baselineWaitingEnergyJ),
      seconds(stage.planWaitingS),
      formatEnergy(stage.planWaitingEnergyJ),
    ]);
  const rest = stages.length > rows.length ? `\n… and ${stages.length - rows.length} more` : "";
  const head = ["waiting", "now", "", "in the plan", ""];
  return table([head, ...rows], ["left", "right", "right", "right", "right"]) + rest;
}

function comparison({ baseline }: BloatReport, { path, iterationTimeS, energyJ }: Compared): string {
  const saved = 1 - energyJ / baseline.energyJ;
  return wrap(
    `${printable(path)} takes ${seconds(iterationTimeS)} and ${formatEnergy(energyJ)}: ` +
      `${formatShare(saved)} less than now. --at ${iterationTimeS} has a plan for the same time.`,
    columns,
    "",
  );
}

function seconds(timeS: number): string {
  return formatQuantity(timeS, "s");
}
