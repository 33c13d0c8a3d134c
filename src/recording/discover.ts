/** Finds what can be read and opens it: files in this process, vendor libraries in processes of their own. */
import { ask, askAll, type FoundBy, meters, type Settled, settle } from "../meters";
import type { Host, Meter } from "../meters/meter";
import { log } from "../model/log";
import { HostedGroup } from "./hostedGroup";
import { HostProcess } from "./hostProcess";
import { LocalGroup, type PollSettings } from "./localGroup";
import type { MeterGroup } from "./meterGroup";

export interface Discovered extends Settled {
  /** Begins to read. @param startedMonotonicS when the times of samples are 0 */
  open(settings: PollSettings & { readonly startedMonotonicS: number }): Promise<MeterGroup[]>;
  /** Ends the processes of meters that were not opened. */
  close(): void;
}

/** A driver that has to be loaded takes one to three seconds; the user's command waits for as long and no longer. */
const findDeadlineMs = 4_000;

/**
 * @param program sampler.js, beside which the program lies that hosts vendor libraries
 * @param early such a process that was started already, for the first meter that wants one
 */
export async function discover(host: Host, program: string, early?: HostProcess): Promise<Discovered> {
  const hosts = new Map<string, HostProcess>();
  const deadline = performance.now() + findDeadlineMs;
  const takeEarly = () => {
    const taken = early;
    early = undefined;
    return taken;
  };
  const leftMs = () => Math.max(0, deadline - performance.now());
  const settled = settle(
    await askAll(meters, (meter) =>
      meter.isolated ? askHosted(meter, host, program, hosts, leftMs(), takeEarly()) : inTime(meter, host, leftMs()),
    ),
  );
  for (const [id, process] of hosts) {
    if (!settled.byMeter.some(({ meter }) => meter.id === id)) end(process);
  }
  return {
    ...settled,
    close: () => {
      for (const process of hosts.values()) end(process);
    },
    open: async (settings) => {
      const groups = settled.byMeter.map(async ({ meter, devices }): Promise<MeterGroup | undefined> => {
        const process = hosts.get(meter.id);
        if (process) return new HostedGroup(meter.id, devices, { ...settings, program, env: host.env }, process);
        try {
          return new LocalGroup(devices, await meter.open(devices, host), settings);
        } catch (error) {
          log.warn(`${meter.id} cannot be read: ${(error as Error).message}.`);
          return undefined;
        }
      });
      return (await Promise.all(groups)).filter((group) => group !== undefined);
    },
  };
}

function end(process: HostProcess): void {
  process.kill();
  process.closeRing();
}

async function askHosted(
  meter: Meter,
  host: Host,
  program: string,
  hosts: Map<string, HostProcess>,
  deadlineMs: number,
  early: HostProcess | undefined,
): Promise<FoundBy> {
  let process: HostProcess;
  try {
    process = early ?? new HostProcess(program, host.env, meter.id);
  } catch (error) {
    return without(meter, `The process that reads it could not be started: ${(error as Error).message}.`);
  }
  hosts.set(meter.id, process);
  const answer = await process.ask({ type: "find", meter: meter.id }, "found", deadlineMs);
  if (answer?.type === "found") return { meter, ...answer.found };
  process.kill();
  if (answer?.type === "failed") return without(meter, `Looking for devices failed: ${answer.message}`);
  return without(meter, process.gone ?? noAnswer);
}

/** Also where the fallback for a driver that hangs has no time left: it would hang as well. */
async function inTime(meter: Meter, host: Host, deadlineMs: number): Promise<FoundBy> {
  if (deadlineMs <= 0) return without(meter, noAnswer);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<FoundBy>((resolve) => {
    timer = setTimeout(() => resolve(without(meter, noAnswer)), deadlineMs);
  });
  return Promise.race([ask(meter, host), late]).finally(() => clearTimeout(timer));
}

const noAnswer = `The driver did not answer within ${findDeadlineMs / 1000} s.`;

function without(meter: Meter, reason: string): FoundBy {
  const remedy =
    "See whether `nvidia-smi` answers; if it hangs too, the driver has to be reloaded or the machine restarted.";
  return { meter, devices: [], unavailable: [{ meter: meter.id, reason, remedy }] };
}
