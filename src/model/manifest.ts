import * as v from "valibot";
import { calibrationSchema } from "./calibration";
import { deviceSchema, unavailableSchema } from "./device";

export const runSchemaName = "wattline.run/1";

const finite = v.pipe(v.number(), v.finite());
const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const shortText = v.pipe(v.string(), v.maxLength(4096));

/** `run.json`: what was run, where, when and under which meters. Written by the recorder only, atomically. */
export const manifestSchema = v.object({
  schema: v.literal(runSchemaName),
  /** The folder's name when it was made. */
  id: shortText,
  /** The user's command; values that look like secrets are replaced by `…`. */
  argv: v.array(v.pipe(v.string(), v.maxLength(65536))),
  cwd: shortText,
  /** Given by `--label key=value`; a bare `--label text` has the key `name`. */
  labels: v.optional(v.record(shortText, shortText)),
  git: v.optional(v.object({ commit: shortText, dirty: v.boolean() })),
  host: v.object({ name: shortText, os: shortText, cpu: v.optional(shortText), logicalCpus: v.optional(count) }),
  /** Linux boot id: with it, a pid and a start time say whether the recorder still runs. */
  bootId: v.optional(shortText),
  recorder: v.object({
    pid: count,
    /** As /proc/<pid>/stat gives it, in clock ticks since boot; absent where there is no /proc. */
    startTicks: v.optional(count),
    version: shortText,
    node: v.optional(shortText),
  }),
  /** The user's command, and when it was started: what came before is Wattline getting ready. */
  child: v.optional(v.object({ pid: count, startS: v.optional(finite) })),
  /** Wall clock, ISO 8601 with offset. */
  startedAt: shortText,
  /** The same moment on CLOCK_MONOTONIC: times in the samples count from here; times in traces subtract it. */
  startedMonotonicS: finite,
  devices: v.array(deviceSchema),
  unavailable: v.array(unavailableSchema),
  settings: v.object({
    rateHz: finite,
    trace: v.boolean(),
    /** Power usage effectiveness, kgCO2e per kWh, money per kWh: absent unless the user set them. */
    pue: v.optional(finite),
    carbonKgPerKWh: v.optional(finite),
    pricePerKWh: v.optional(finite),
  }),
  /** Idle watts of devices as remembered from before; of others the seconds before the command was started tell. */
  idlePowerW: v.optional(v.record(shortText, finite)),
  /** What the machine's devices reached when `wattline calibrate` last ran here. */
  calibration: v.optional(calibrationSchema),
  /** Another run folder of this node whose sampler serves this run too. */
  samplesFrom: v.optional(shortText),
  /** The editor's "profile this loop". */
  loop: v.optional(v.object({ path: shortText, line: count })),
  /** Hex SHA-256 of the script when the run started: tells whether a line number may have moved since. */
  script: v.optional(v.object({ path: shortText, sha256: v.optional(shortText) })),
  /** Absent while the run goes on, and for ever where the recorder was killed. */
  end: v.optional(
    v.object({
      at: shortText,
      /** Seconds since `startedMonotonicS`. */
      timeS: finite,
      exitCode: v.optional(v.pipe(v.number(), v.integer())),
      signal: v.optional(shortText),
      /** What Wattline itself used: the recorder, the sampler and what they started. */
      self: v.object({ cpuTimeS: finite, residentBytes: finite, polls: count }),
      /** Spans in which a device could not be read. */
      lost: v.array(v.object({ device: shortText, fromS: finite, toS: finite, reason: shortText })),
    }),
  ),
});
export type Manifest = v.InferOutput<typeof manifestSchema>;

export type RunState = "running" | "finished" | "interrupted";
