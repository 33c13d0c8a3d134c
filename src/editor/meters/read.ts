import { execFile } from "node:child_process";
import * as v from "valibot";
import { type Device, deviceSchema, type Unavailable, unavailableSchema } from "../../model/device";
import { WattlineError } from "../../model/errors";
import type { Recorder } from "../shared/recorder";

const finite = v.pipe(v.number(), v.finite());

const metersSchema = v.object({
  schema: v.literal("wattline.meters/1"),
  devices: v.array(v.object({ ...deviceSchema.entries, powerW: v.optional(finite) })),
  unavailable: v.array(unavailableSchema),
});

export interface Meters {
  readonly devices: readonly (Device & { readonly powerW?: number })[];
  readonly unavailable: readonly Unavailable[];
}

/** Drivers may hang; a person waits for this. */
const timeoutMs = 20_000;

/** What `wattline meters --json` answers. @throws WattlineError with what it said where it failed */
export function readMeters(recorder: Recorder): Promise<Meters> {
  const [program, ...args] = recorder.argv("meters", "--json");
  return new Promise((resolve, reject) => {
    const env = { ...process.env, ...recorder.env() };
    execFile(program, args, { env, timeout: timeoutMs, maxBuffer: 16e6 }, (error, stdout, stderr) => {
      if (error)
        return reject(new WattlineError(`The meters could not be looked for: ${stderr.trim() || error.message}`));
      try {
        resolve(v.parse(metersSchema, JSON.parse(stdout)));
      } catch (fault) {
        reject(new WattlineError(`The list of meters cannot be read: ${(fault as Error).message}`));
      }
    });
  });
}
