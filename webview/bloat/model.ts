import type { BloatPanelView, ToBloatPanel } from "../../src/messages/bloat";
import type { ToAnyPanel } from "../../src/messages/panel";
import { type BloatColumns, type PlanColumns, planEnergyJ } from "../../src/model/bloatView";

type Told<K extends ToBloatPanel["type"]> = Extract<ToBloatPanel, { type: K }>;

/** What the panel has been told so far, and the look-ups that answer the slider within a frame. */
export class BloatModel {
  view: BloatPanelView | undefined;
  /** 0 to 1, while the solver works. */
  share = 0;
  /** Of the slider's table, fastest first; none is worse than one before it. */
  readonly plans: PlanColumns[] = [];
  complete = false;
  compared: Told<"compared"> | undefined;
  measured: Told<"measured"> | undefined;
  /** The best that could be found for the deadline at which the slider last rested. */
  private searched: PlanColumns | undefined;

  /** Takes a message. Unknown ones (of a newer extension) are left alone. */
  take(message: Exclude<ToBloatPanel, ToAnyPanel>): void {
    switch (message.type) {
      case "show":
        this.show(message.view);
        break;
      case "progress":
        this.share = Math.min(1, Math.max(0, message.share));
        break;
      case "plans":
        this.plans.push(...message.plans);
        this.complete = message.complete;
        break;
      case "plan":
        this.searched = message.plan;
        break;
      case "compared":
        this.compared = message;
        break;
      case "measured":
        this.measured = message;
        break;
    }
  }

  get columns(): BloatColumns | undefined {
    return this.view?.kind === "profile" ? this.view.columns : undefined;
  }

  /** The best plan at hand that keeps a deadline; undefined while there is none. O(log plans). */
  planAt(timeS: number): PlanColumns | undefined {
    const until = timeS * (1 + 1e-9);
    let [low, high] = [0, this.plans.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.plans[middle]!.deadlineS <= until) low = middle + 1;
      else high = middle;
    }
    const found = this.plans[low - 1];
    const { searched } = this;
    if (searched === undefined || searched.deadlineS > until) return found;
    return found === undefined || searched.effectiveJ < found.effectiveJ ? searched : found;
  }

  /** Whether more than a look-up has gone into the plan for a deadline. */
  isSearched(timeS: number): boolean {
    return this.searched !== undefined && Math.abs(this.searched.deadlineS - timeS) <= 1e-9 * timeS;
  }

  private show(view: BloatPanelView): void {
    this.view = view;
    this.share = 0;
    this.plans.length = 0;
    this.complete = false;
    this.compared = undefined;
    this.searched = undefined;
  }
}

/** The frontier's energy (J) for an iteration of `timeS`: no plan is below. O(log corners). */
export function boundAt(columns: BloatColumns, timeS: number): number {
  const { cornerS, cornerJ, waitingPowerW } = columns;
  const last = cornerS.length - 1;
  if (timeS >= cornerS[last]!) return cornerJ[last]! + (timeS - cornerS[last]!) * waitingPowerW;
  let [low, high] = [0, last];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (cornerS[middle]! <= timeS) low = middle;
    else high = middle;
  }
  const spanS = cornerS[high]! - cornerS[low]!;
  const share = spanS > 0 ? Math.min(1, Math.max(0, (timeS - cornerS[low]!) / spanS)) : 0;
  return cornerJ[low]! + share * (cornerJ[high]! - cornerJ[low]!);
}

/** The corner beside a time: the next slower (`by` 1) or faster (-1) one, or where it is at the end. */
export function cornerBeside({ cornerS }: BloatColumns, timeS: number, by: 1 | -1): number {
  const close = 1e-9 * timeS;
  if (by === 1) return cornerS.find((corner) => corner > timeS + close) ?? cornerS.at(-1)!;
  return cornerS.findLast((corner) => corner < timeS - close) ?? cornerS[0]!;
}

/** J of an iteration as it runs now, every operation at its fastest, where everybody waits until `timeS`. */
export function nowJ(columns: BloatColumns, timeS = columns.minimumTimeS): number {
  return planEnergyJ(columns.baseline, columns, Math.max(timeS, columns.minimumTimeS));
}
