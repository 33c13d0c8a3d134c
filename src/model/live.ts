import * as v from "valibot";
import { deviceSchema } from "./device";

export const liveSchemaName = "wattline.live/1";

const finite = v.pipe(v.number(), v.finite());

/**
 * `live.json`, rewritten once a second by `wattline watch --out DIR`: what each device draws when no run goes on. The
 * status bar reads it. `at` tells a reader whether it is fresh.
 */
export const liveSchema = v.object({
  schema: v.literal(liveSchemaName),
  /** Milliseconds since the epoch. */
  at: finite,
  pid: v.pipe(v.number(), v.integer()),
  devices: v.pipe(
    v.array(v.object({ device: deviceSchema, powerW: v.optional(finite), idlePowerW: v.optional(finite) })),
    v.maxLength(256),
  ),
});
export type Live = v.InferOutput<typeof liveSchema>;
