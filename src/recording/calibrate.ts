/** `wattline calibrate`: measures what this machine reaches, in the user's own Python, and keeps it for later runs. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { calibrationOf } from "../analysis/efficiency/calibrationOf";
import { type Calibration, calibrationResultSchema } from "../model/calibration";
import { WattlineError } from "../model/errors";
import { readRun } from "../store/readRun";
import { driverVersion, keepCalibration } from "./keptCalibration";
import { calibrateProgram, type Installation } from "./paths";
import { readPythonResult } from "./pythonResult";
import { record } from "./record";

type Environment = Readonly<Record<string, string | undefined>>;

export interface CalibrateSettings {
  readonly python: string;
  /** For each kind of number and for the copies. */
  readonly seconds: number;
  readonly cwd: string;
  readonly env: Environment;
}

/** A thousand devices with five rows each. */
const mostResultBytes = 4e6;

/**
 * Measures, and keeps the answer: runs that are recorded from now on carry it.
 * @throws WattlineError where the Python cannot be run, has no PyTorch, or was interrupted
 */
export async function calibrate(settings: CalibrateSettings, installation: Installation): Promise<Calibration> {
  const { python, seconds, cwd, env } = settings;
  const folder = await mkdtemp(join(tmpdir(), "wattline-calibrate-"));
  try {
    const resultPath = join(folder, "result.json");
    const { runPath, exitCode } = await record(
      {
        argv: [python, "-B", calibrateProgram(installation), resultPath, String(seconds)],
        cwd,
        env,
        out: join(folder, "run"),
        rateHz: 10,
        trace: false,
        idle: false,
        labels: {},
      },
      installation,
    );
    if (runPath === undefined || exitCode > 128) throw new WattlineError("The calibration was interrupted.");
    const result = await readPythonResult(resultPath, calibrationResultSchema, {
      python,
      exitCode,
      mostBytes: mostResultBytes,
    });
    const calibration = calibrationOf(result, await readRun(runPath), await driverVersion());
    await keepCalibration(calibration, env);
    return calibration;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
