/** From a profile to a solved frontier or a report, as the command does it. */
import { bloatReport, type Frontier, problemOf, type Question, solveFrontier } from "../../../../src/analysis/bloat";
import type { BloatProfile, BloatReport } from "../../../../src/model/bloat";

export function solved(profile: BloatProfile): Frontier {
  const problem = problemOf(profile);
  if (!problem.known) throw new Error(problem.reason);
  return solveFrontier(problem.value)!;
}

export function reported(frontier: Frontier, question: Question = {}): BloatReport {
  const report = bloatReport(frontier, { realizedPoints: 5, ...question }, 0);
  if (!report.known) throw new Error(report.reason);
  return report.value;
}

/** Energy (J) of the frontier at a time in seconds. */
export function frontierJ(frontier: Frontier, timeS: number): number {
  return frontier.energyAt(timeS * frontier.problem.ticksPerS);
}

/** The sentence with which a profile is refused. */
export function refusal(profile: BloatProfile): string {
  const problem = problemOf(profile);
  if (problem.known) throw new Error("the profile was taken");
  return problem.reason;
}
