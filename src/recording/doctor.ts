/** What can be measured on this machine and how well: `wattline doctor`. Looks and reads; changes nothing. */
import type { Host } from "../meters/meter";
import { discover } from "./discover";
import { checkMachine } from "./doctor/machine";
import { checkReadings } from "./doctor/readings";
import { checkSoftware } from "./doctor/software";
import { type Trial, trialOf } from "./doctor/trial";
import { type Installation, samplerProgram } from "./paths";
import { type MetersAnswer, metersAnswer, observe } from "./probe";

export const doctorSchemaName = "wattline.doctor/1";

export interface DoctorAnswer {
  readonly schema: typeof doctorSchemaName;
  readonly meters: MetersAnswer;
  readonly checks: readonly Check[];
  readonly trials: readonly Trial[];
}

export interface Check {
  readonly id: string;
  readonly state: "ok" | "warning" | "failed";
  readonly message: string;
  readonly remedy?: string;
}

const trialS = 2;
/** Faster than any run polls: it is to be seen how often a meter has something new. */
const trialHz = 500;

/**
 * Looks at the meters, reads each for two seconds and looks at what a run needs besides.
 * @param cwd where `wattline run` would be started
 */
export async function examine(host: Host, installation: Installation, cwd: string): Promise<DoctorAnswer> {
  const found = await discover(host, samplerProgram(installation));
  // Not at the same time: a Python that starts would be seen in the power and in the time of the polls.
  const observed = await observe(found, { rateHz: trialHz, seconds: trialS });
  const trials = found.devices.flatMap((device) => {
    const end = observed.ends.get(device.id);
    const share = found.byMeter.find(({ meter }) => meter.id === device.meter)?.devices.length ?? 1;
    if (end?.meanPollS === undefined) return [];
    const pollEveryS = trialS / Math.max(1, end.polls);
    return trialOf(device, observed.samples.get(device.id) ?? [], pollEveryS, end.meanPollS / share);
  });
  const meters = metersAnswer(found, observed.samples);
  return {
    schema: doctorSchemaName,
    meters,
    checks: [
      ...checkReadings(meters, observed),
      ...(await checkSoftware(host, installation, cwd)),
      ...(await checkMachine(host)),
    ],
    trials,
  };
}
