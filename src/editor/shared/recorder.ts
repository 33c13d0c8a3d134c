import { join } from "node:path";
import { setting } from "./settings";

/** How the command line that ships with the extension is started: an argument vector and an environment. */
export interface Recorder {
  /** @param words `run`, `watch`, … and what follows */
  argv(...words: string[]): [program: string, ...args: string[]];
  /** What is added to the environment of each. */
  env(): Record<string, string>;
}

/** @param dist the folder of `recorder.js` */
export function recorderAt(dist: string): Recorder {
  return {
    argv: (...words) => [process.execPath, join(dist, "recorder.js"), ...words],
    env() {
      const powercapRoot = setting("powercapRoot");
      const nvmlLibrary = setting("nvmlLibrary");
      return {
        // The program that runs us is Electron on a desktop, which is Node where this is set; the recorder takes it out
        // again for the user's program.
        ELECTRON_RUN_AS_NODE: "1",
        ...(powercapRoot !== "" && { WATTLINE_POWERCAP_ROOT: powercapRoot }),
        ...(nvmlLibrary !== "" && { WATTLINE_NVML_LIBRARY: nvmlLibrary }),
      };
    },
  };
}
