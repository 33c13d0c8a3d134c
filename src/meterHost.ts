/** The process that reads one vendor's library for a sampler (recording/meterHost.ts). */

import type { FromHost, ToHost } from "./recording/hostProtocol";
import { logToStandardError } from "./recording/logToStandardError";
import { MeterHost } from "./recording/meterHost";
import { sleepingPace } from "./recording/sleep";

/** Where `stdio` has the ring in fifth place. */
const ringDescriptor = 4;

logToStandardError();
// Messages wait until somebody listens for them.
const meterHost = sleepingPace().then(
  (pace) =>
    new MeterHost({ env: process.env, platform: process.platform }, ringDescriptor, tell, pace, () =>
      pace?.stayAwake(),
    ),
);
process.on("message", (message: ToHost) => void meterHost.then((host) => host.handle(message)));
process.on("disconnect", () => process.exit(0));

function tell(message: FromHost): void {
  if (process.connected) process.send?.(message, () => {});
}
