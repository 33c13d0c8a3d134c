import { resolve } from "node:path";
import type { Run } from "../model/run";
import { RunTail } from "./tail";

/** The run in a folder, whole. @throws WattlineError when the folder is no run, or its manifest cannot be read */
export async function readRun(path: string): Promise<Run> {
  const tail = new RunTail(resolve(path));
  await tail.poll();
  return tail.run;
}
