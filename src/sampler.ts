/**
 * The sampler process: started by the recorder, told what to do over the pipe between them. It outlives no recorder: when
 * the pipe closes it takes a last reading and ends. Started with the word `host` it reads one vendor's library for
 * another sampler.
 */
import type { Host } from "./meters/meter";
import { registerLog } from "./model/log";
import type { FromHost, ToHost } from "./recording/hostProtocol";
import type { FromSampler, ToSampler } from "./recording/samplerProtocol";

const toStandardError = (message: string) => void process.stderr.write(`${message}\n`);
registerLog({ trace: () => {}, debug: () => {}, info: () => {}, warn: toStandardError, error: toStandardError });
// The one that reads it may be gone.
process.stderr.on("error", () => {});

const host: Host = { env: process.env, platform: process.platform };

// Each loads only its own part: a host needs no Arrow, a sampler no vendor library.
if (process.argv[2] === "host") void beHost();
else void beSampler();

async function beSampler(): Promise<void> {
  const { Sampler } = await import("./recording/sampler");
  const sampler = new Sampler(__filename);
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
}

async function beHost(): Promise<void> {
  const { MeterHost } = await import("./recording/meterHost");
  const meterHost = new MeterHost(host, (message) => void tell(message));
  process.on("message", (message: ToHost) => void meterHost.handle(message));
  process.on("disconnect", () => process.exit(0));
}

function tell(message: FromSampler | FromHost): Promise<void> {
  if (!process.connected) return Promise.resolve();
  return new Promise((resolve) => process.send?.(message, () => resolve()));
}
