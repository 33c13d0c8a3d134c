import { type BloatColumns, type PlanColumns, planEnergyJ } from "../../src/model/bloatView";
import { axisUnit, niceTicks, type Ticks } from "../shared/chart/axis";
import { boundAt, nowJ } from "./model";

/** Where the frontier's chart lies on the page, and what its axes show. */
export interface FrontierFrame {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly fromS: number;
  readonly toS: number;
  readonly lowJ: number;
  readonly highJ: number;
  readonly timeTicks: Ticks;
  readonly energyTicks: Ticks;
  /** Energies on the axis are divided by this. */
  readonly energyUnit: { readonly unit: string; readonly factor: number };
}

/**
 * The energy axis does not begin at zero: what matters is the fall of the curve, and a line shows it.
 * @param stragglerS widens the time axis to where the straggler is
 */
export function frontierFrame(
  columns: BloatColumns,
  size: { readonly width: number; readonly height: number },
  stragglerS: number | undefined,
): FrontierFrame {
  const { minimumTimeS, slowestUsefulTimeS } = columns;
  const lastS = Math.max(slowestUsefulTimeS, stragglerS ?? 0, minimumTimeS * 1.05);
  const spanS = lastS - minimumTimeS;
  const [fromS, toS] = [minimumTimeS - 0.04 * spanS, lastS + 0.05 * spanS];
  let [low, high] = [boundAt(columns, toS), Math.max(nowJ(columns), boundAt(columns, toS))];
  for (const energyJ of columns.cornerJ) {
    if (energyJ < low) low = energyJ;
    if (energyJ > high) high = energyJ;
  }
  const pad = 0.08 * (high - low || Math.abs(high) || 1);
  const [lowJ, highJ] = [low - pad, high + 1.4 * pad];
  const narrow = size.width < 420;
  return {
    left: 52,
    right: size.width - 14,
    top: 12,
    bottom: size.height - 34,
    fromS,
    toS,
    lowJ,
    highJ,
    timeTicks: niceTicks(fromS, toS, narrow ? 4 : 7),
    energyTicks: niceTicks(lowJ, highJ, 5),
    energyUnit: axisUnit(Math.abs(highJ), "J"),
  };
}

export function xOf({ left, right, fromS, toS }: FrontierFrame, timeS: number): number {
  return left + ((timeS - fromS) / (toS - fromS)) * (right - left);
}

export function yOf({ top, bottom, lowJ, highJ }: FrontierFrame, energyJ: number): number {
  return bottom - ((energyJ - lowJ) / (highJ - lowJ)) * (bottom - top);
}

export function timeAt({ left, right, fromS, toS }: FrontierFrame, x: number): number {
  return fromS + ((x - left) / Math.max(1, right - left)) * (toS - fromS);
}

/** The relaxed frontier as a path: one corner a pixel of many, which loses nothing that a pixel could show. */
export function frontierPath(columns: BloatColumns, frame: FrontierFrame): string {
  const { cornerS, cornerJ } = columns;
  const points: string[] = [];
  let lastX = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < cornerS.length; k++) {
    const x = xOf(frame, cornerS[k]!);
    if (x - lastX < 0.75 && k + 1 < cornerS.length) continue;
    lastX = x;
    points.push(`${x.toFixed(1)} ${yOf(frame, cornerJ[k]!).toFixed(1)}`);
  }
  points.push(`${frame.right} ${yOf(frame, boundAt(columns, frame.toS)).toFixed(1)}`);
  return `M${points.join("L")}`;
}

/** What runs now, where everybody waits for longer and longer: a straight line. */
export function nowPath(columns: BloatColumns, frame: FrontierFrame): string {
  const { minimumTimeS } = columns;
  const end = `${frame.right} ${Math.max(frame.top, yOf(frame, nowJ(columns, frame.toS))).toFixed(1)}`;
  return `M${xOf(frame, minimumTimeS).toFixed(1)} ${yOf(frame, nowJ(columns)).toFixed(1)}L${end}`;
}

/** Plans that exist, as dots where there is room for them. */
export function planDots(
  columns: BloatColumns,
  plans: readonly PlanColumns[],
  frame: FrontierFrame,
): { readonly x: number; readonly y: number }[] {
  const every = Math.max(1, Math.ceil(plans.length / 40));
  return plans
    .filter((_, k) => k % every === 0)
    .map((plan) => ({ x: xOf(frame, plan.deadlineS), y: yOf(frame, planEnergyJ(plan, columns, plan.deadlineS)) }));
}
