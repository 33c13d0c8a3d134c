/** Energy bloat of a pipeline or any graph of operations. See docs/bloat.md for the words and the method. */

export { bloatColumns, planColumns, tableDeadlines, tablePlans } from "./columns";
export { exportPlan } from "./exports";
export {
  evaluatePlan,
  exportPlanCsv,
  exportPlanPython,
  importPlan,
  type StagePlan,
  stagePlanOf,
} from "./frequencyPlan";
export { Frontier, type SolveOptions, solveFrontier } from "./frontier";
export { type PlannedFor, planFor } from "./planner";
export { mostOperations, type Problem, problemOf } from "./problem";
export { bloatReport, type Question } from "./report";
