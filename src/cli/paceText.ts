/** Ranks that hold the others up, by time, a line each. */
import type { RankPace } from "../analysis/waste";
import { formatDuration } from "../model/format";

export function paceText(paces: readonly RankPace[]): string {
  return paces
    .map(({ rank, chronic, slowdown, last, iterations, waitingOfOthersS }) => {
      const pace = slowdown > 1 ? `, ${slowdown.toFixed(2)} times as long at work as the others` : "";
      const how = chronic ? "slow all the time" : "now and then";
      return (
        `rank ${rank}: the others waited ${formatDuration(waitingOfOthersS)} for it, ${how}${pace}; last in ${last} of ` +
        `${iterations} iterations\n`
      );
    })
    .join("");
}
