import type { Loop } from "../../source/loop";

/**
 * Loops whose iterations are steps of the model. An epoch loop only holds such loops; evaluation is a part of training;
 * inference counts in files that do nothing else.
 */
export function worthALens(loops: readonly Loop[]): readonly Loop[] {
  const steps = loops.filter(({ level }) => level !== "epoch");
  const training = steps.filter(({ kind }) => kind === "training");
  return training.length > 0 ? training : steps.filter(({ kind }) => kind === "inference");
}
