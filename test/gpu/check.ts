/**
 * The program behind `npm run check:gpu`: reads every NVIDIA GPU of this machine with the meter that ships, at rest and
 * under a load, and writes down how it behaves. It reads and computes; limits, clocks and persistence stay as they are.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import type { OpenMeter } from "../../src/meters/meter";
import { nvml } from "../../src/meters/nvml";
import { readText } from "../../src/meters/nvml/gpu";
import { loadNvml, nvmlPaths } from "../../src/meters/nvml/library";
import { deviceSchema } from "../../src/model/device";
import { startLoad } from "./load";
import { type Checked, fileName, type Measured, measuredPage, type Observation } from "./page";
import { observe } from "./series";
import { checkTimeLine } from "./timeline";

const argument = (name: string) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
};
const seconds = Number(argument("seconds") ?? 10);
const out = argument("out") ?? "docs/measured";
const host = { env: process.env, platform: process.platform };

async function main(): Promise<number> {
  const { devices, unavailable } = await nvml.find(host);
  if (devices.length === 0) {
    say("There is no NVIDIA GPU that can be read here, so nothing was checked and nothing was written.");
    for (const { reason, remedy } of unavailable) say(`\n${reason}\n${remedy}`);
    return 0;
  }
  const checks: Checked[] = [];
  const check = (name: string, good: boolean, detail = "") => checks.push({ name, good, ...(detail && { detail }) });

  check(
    "every device is one that a run folder can hold",
    devices.every((device) => v.is(deviceSchema, device)),
  );
  check("no id occurs twice", new Set(devices.map(({ id }) => id)).size === devices.length);

  const open = await nvml.open(devices, host);
  say(`At rest, ${seconds} s.`);
  const rest = await observe(open, devices, seconds);
  const restOf = rest.series.map((series) => series.summary());
  conforms("at rest", rest.series);

  say(`Under load, ${seconds} s.`);
  const load = argument("load") === "none" ? "No load was asked for." : await startLoad(seconds + 4);
  let loaded: (Observation | undefined)[] = devices.map(() => undefined);
  if (typeof load === "string") say(load);
  else {
    const seen = await observe(open, devices, seconds);
    const users = (await open.processes?.()) ?? [];
    loaded = seen.series.map((series) => series.summary());
    conforms("under load", seen.series);
    const busy = loaded.some((each, index) => each!.meanPowerW! > 1.1 * restOf[index]!.meanPowerW!);
    check("some GPU draws a tenth more than at rest", busy);
    check(
      "the load is among the processes of a GPU",
      users.some(({ pid }) => pid === load.pid),
      "In a container, the driver knows processes by the host's numbers.",
    );
    await load.stop();
  }
  const timeLine = checkTimeLine();
  if (typeof timeLine === "string") say(timeLine);
  else checks.push(...timeLine);
  await open.close();
  await open.close();
  await closesAndOpens();
  const after = (await nvml.find(host)).devices;
  check(
    "power limits are what they were",
    after.every(({ powerLimitW }, index) => powerLimitW === devices[index]!.powerLimitW),
  );

  const measured: Measured = {
    at: new Date().toISOString(),
    driver: await driverVersion(),
    load: typeof load === "string" ? load : load.description,
    seconds,
    pollTimeS: rest.pollTimeS,
    gpus: devices.map((device, index) => ({
      device,
      rest: restOf[index]!,
      ...(loaded[index] && { load: loaded[index] }),
    })),
    checks,
    unavailable,
  };
  mkdirSync(out, { recursive: true });
  const path = join(out, fileName(measured));
  writeFileSync(`${path}.json`, `${JSON.stringify(measured, undefined, 2)}\n`);
  writeFileSync(`${path}.md`, measuredPage(measured));
  for (const { name, good, detail } of checks)
    say(`${good ? "ok    " : "FAILED"}  ${name}${good || !detail ? "" : ` (${detail})`}`);
  say(`Written to ${path}.md and .json.`);
  return checks.every(({ good }) => good) ? 0 : 1;

  function conforms(when: string, all: typeof rest.series): void {
    check(
      `${when}, every reading succeeds`,
      all.every(({ failures }) => failures.length === 0),
      all.flatMap(({ failures }) => failures)[0],
    );
    check(
      `${when}, energy never falls`,
      all.every(({ falls }) => falls === 0),
    );
    check(
      `${when}, every number is finite and none is negative`,
      all.every(({ strange }) => strange === undefined),
      all.find(({ strange }) => strange)?.strange,
    );
    check(
      `${when}, what is called measured has energy, and only that`,
      all.every(({ hasEnergy }, index) => hasEnergy === (devices[index]!.source === "measured")),
    );
  }

  async function closesAndOpens(): Promise<void> {
    let again: OpenMeter | undefined;
    try {
      again = await nvml.open(devices, host);
      const readings = await again.read();
      check(
        "it can be opened again",
        readings.every(({ failure }) => failure === undefined),
        readings.find(({ failure }) => failure)?.failure,
      );
    } finally {
      await again?.close();
    }
  }
}

async function driverVersion(): Promise<string> {
  const library = await loadNvml(nvmlPaths(host));
  if (!("nvmlInit_v2" in library)) return "unknown";
  library.nvmlInit_v2();
  const { text } = readText((into, length) => library.nvmlSystemGetDriverVersion(into, length));
  library.nvmlShutdown();
  return text || "unknown";
}

const say = (line: string) => void process.stdout.write(`${line}\n`);

main().then(
  (code) => process.exit(code),
  (error) => {
    process.stderr.write(`${(error as Error).stack}\n`);
    process.exit(1);
  },
);
