import { join } from "node:path";

/**
 * Where the parts of Wattline lie that are started or read as files. In a bundle everything is beside the program that
 * runs; the roots say where that is.
 */
export interface Installation {
  /** The folder of `recorder.js`, `sampler.js`, `tracer/` and `grammars/`. */
  readonly dist: string;
  readonly version: string;
}

export const samplerProgram = ({ dist }: Installation) => join(dist, "sampler.js");
export const tracerSite = ({ dist }: Installation) => join(dist, "tracer", "site");
export const calibrateProgram = ({ dist }: Installation) => join(dist, "tracer", "wattline_tracer", "calibrate.py");
export const verifyProgram = ({ dist }: Installation) => join(dist, "verify", "run.py");
