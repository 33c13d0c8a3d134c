/** Where a run's joules bought nothing. See docs/bloat.md for the words and the method. */
export { clockLabel } from "./clocks";
export { bloatShare, energyOfKind, wasteHeadline } from "./headline";
export { type RankPace, rankPaces } from "./paces";
export { pipelineOfRuns } from "./pipelineOfRuns";
export { reportedBloat, type WasteQuestion, wasteReport } from "./report";
