/** What a training or inference program is doing, in the field's words. The order is the order of legends and tables. */
export const phases = ["data", "forward", "backward", "optimizer", "communication", "other"] as const;
export type Phase = (typeof phases)[number];

/** A phase that somebody named in their program (`wattline_tracer.phase("augment")`) is its own name. */
export type PhaseName = Phase | (string & {});

export function isPhase(name: string): name is Phase {
  return (phases as readonly string[]).includes(name);
}
