/** What `npm run check:gpu` writes to docs/measured. */
import type { Device, Unavailable } from "../../src/model/device";

/** Of one device over some seconds. What was not seen is absent. */
export interface Observation {
  readonly meanPowerW?: number;
  /** Median seconds between two changes. */
  readonly counterPeriodS?: number;
  readonly powerPeriodS?: number;
  readonly instantPeriodS?: number;
  /** Joules by power over time, over those of the counter. */
  readonly integratedOverCounter?: number;
  /** 0..1 */
  readonly utilization?: number;
  /** NVML's bits, as they were seen. */
  readonly throttle: readonly number[];
}

export interface Checked {
  readonly name: string;
  readonly good: boolean;
  readonly detail?: string;
}

export interface Measured {
  readonly at: string;
  readonly driver: string;
  readonly load: string;
  readonly seconds: number;
  /** Of all GPUs together. */
  readonly pollTimeS: { readonly median: number; readonly p99: number; readonly longest: number };
  readonly gpus: readonly { readonly device: Device; readonly rest: Observation; readonly load?: Observation }[];
  readonly checks: readonly Checked[];
  readonly unavailable: readonly Unavailable[];
}

/** `nvidia-h200-570.86.15`, without an ending. */
export function fileName({ gpus, driver }: Measured): string {
  return `${gpus[0]!.device.name}-${driver}`
    .toLowerCase()
    .replace(/[^a-z0-9.]+/g, "-")
    .replace(/^-|-$/g, "");
}

export function measuredPage(measured: Measured): string {
  const { at, driver, load, seconds, pollTimeS, gpus, checks } = measured;
  const names = [...new Set(gpus.map(({ device }) => device.name))].join(", ");
  return [
    `# ${gpus.length} × ${names}, driver ${driver}`,
    `Seen by \`npm run check:gpu\` on ${at.slice(0, 10)}, ${seconds} s at rest and ${seconds} s under load. ${load}`,
    `A poll of all GPUs took ${us(pollTimeS.median)} (median), ${us(pollTimeS.p99)} (99 %), ${us(pollTimeS.longest)} at most.`,
    ...gpus.map(({ device, rest, load: loaded }) => gpu(device, rest, loaded)),
    `## Checks\n\n${checks.map(({ name, good, detail }) => `- ${good ? "ok" : "**failed**"}: ${name}${detail && !good ? ` (${detail})` : ""}`).join("\n")}`,
    "",
  ].join("\n\n");
}

function gpu(device: Device, rest: Observation, load: Observation | undefined): string {
  const line = (name: string, pick: (seen: Observation) => string) =>
    `| ${name} | ${pick(rest)} | ${load ? pick(load) : "-"} |`;
  return [
    `## ${device.id}`,
    "",
    `${device.source}; stated: new every ${ms(device.updatePeriodS)}, mean of ${ms(device.averagingWindowS)}. ${device.scope ?? ""}`.trim(),
    "",
    "| | at rest | under load |",
    "| --- | --- | --- |",
    line("mean power", ({ meanPowerW }) => (meanPowerW === undefined ? "-" : `${meanPowerW.toFixed(1)} W`)),
    line("counter new every", ({ counterPeriodS }) => ms(counterPeriodS)),
    line("power new every", ({ powerPeriodS }) => ms(powerPeriodS)),
    line("instant power new every", ({ instantPeriodS }) => ms(instantPeriodS)),
    line("power over time / counter", ({ integratedOverCounter }) => integratedOverCounter?.toFixed(4) ?? "-"),
    line("utilization", ({ utilization }) => (utilization === undefined ? "-" : `${Math.round(100 * utilization)} %`)),
    line("throttle bits", ({ throttle }) => throttle.map((bits) => `0x${bits.toString(16)}`).join(", ") || "-"),
  ].join("\n");
}

const ms = (seconds: number | undefined) => (seconds === undefined ? "-" : `${(seconds * 1e3).toFixed(1)} ms`);
const us = (seconds: number) => `${Math.round(seconds * 1e6)} µs`;
