/**
 * The sampler process: started by the recorder, told what to do over the pipe between them. It outlives no recorder: when
 * the pipe closes it takes a last reading and ends.
 */
import type { Host } from "./meters/meter";
import { HostProcess } from "./recording/hostProcess";
import { logToStandardError } from "./recording/logToStandardError";
import { Sampler } from "./recording/sampler";
import type { FromSampler, ToSampler } from "./recording/samplerProtocol";
import { sleepingPace } from "./recording/sleep";

const host: Host = { env: process.env, platform: process.platform };

logToStandardError();
const sampler = new Sampler(__filename, earlyHost(), sleepingPace);

// Ends once: the answer is given the time to leave, and a thread inside a library must not keep the process.
let finishing = false;
const finish = async () => {
  if (finishing) return;
  finishing = true;
  await tell(await sampler.stop());
  await sampler.drained();
  process.exit(0);
};
process.on("message", (message: ToSampler) => {
  if (message.type === "start") void sampler.start(message.config, host).then(tell);
  else void finish();
});
process.on("disconnect", () => void finish());
process.on("SIGTERM", () => void finish());

/** Node takes longest to start: the process for the first vendor library begins before anything else is done. */
function earlyHost(): HostProcess | undefined {
  try {
    return new HostProcess(__filename, process.env, "driver");
  } catch {
    return undefined;
  }
}

function tell(message: FromSampler): Promise<void> {
  if (!process.connected) return Promise.resolve();
  return new Promise((resolve) => process.send?.(message, () => resolve()));
}
