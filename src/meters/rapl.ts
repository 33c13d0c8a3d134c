/**
 * RAPL: energy of CPU packages and of DRAM, from Linux powercap. Intel's name, and AMD's counters look the same.
 *
 * A zone `package-N` is one processor, cores, caches and integrated graphics included. `core` and `uncore` are parts of
 * it and are never added to it. `dram` is no part of it. `psys` is the whole platform with the packages in it, and is
 * never added to them. The counters are updated about every millisecond (Intel SDM 3B, 15.10) and begin again at
 * `max_energy_range_uj` (65 to 262 kJ: minutes at full load). Since Linux 5.10 only root may read `energy_uj`, because
 * power readings can leak secrets (CVE-2020-8694). Source: kernel Documentation/power/powercap/powercap.rst.
 */
import { join } from "node:path";
import type { Device, Unavailable } from "../model/device";
import { CounterFile } from "./counterFile";
import { cpuName } from "./cpuName";
import { type Files, systemFiles } from "./files";
import type { Found, Host, Meter, OpenMeter, Reading } from "./meter";
import {
  listZones,
  mirroredDies,
  type Powercap,
  powercapRoot,
  readEnergyUj,
  socketOf,
  withoutTwins,
  type Zone,
} from "./rapl/powercap";
import { raplMissing, raplNeedsPermission, raplNoNumber, raplNotOnThisSystem } from "./rapl/remedies";
import { WrappingCounter } from "./wrappingCounter";

const updatePeriodS = 0.001;

/**
 * No package, DRAM or core draws more: the largest server processors of 2025 are sold for 500 W and may take about
 * twice that for moments. `psys` is a whole machine.
 */
const highestPowerW = (zone: Zone) => (zone.kind === "psys" ? 10_000 : 1_000);

export const rapl: Meter = {
  id: "rapl",

  async find(host) {
    const files = host.files ?? systemFiles;
    if (host.platform !== "linux") return { devices: [], unavailable: [raplNotOnThisSystem(host.platform)] };
    const root = powercapRoot(host.env);
    const powercap = listZones(files, root);
    if (powercap.zones.length === 0) {
      return { devices: [], unavailable: [raplMissing(files, host.env, root, powercap.masked)] };
    }
    return sortOut(files, host, powercap, root);
  },

  /** Joules of each zone since its first reading. A read that fails is a gap: the next good one has what was used. */
  open(devices, host) {
    const files = host.files ?? systemFiles;
    const zones = new Map(listZones(files, powercapRoot(host.env)).zones.map((zone) => [idOf(zone), zone]));
    return new OpenRapl(
      devices.map((device) => zones.get(device.id)),
      files,
      host.nowS ?? (() => performance.now() / 1000),
    );
  },
};

class OpenRapl implements OpenMeter {
  private readonly channels: readonly (Channel | undefined)[];

  constructor(
    zones: readonly (Zone | undefined)[],
    files: Files,
    private readonly nowS: () => number,
  ) {
    const buffer = Buffer.alloc(32);
    this.channels = zones.map((zone) => zone && new Channel(zone, files, buffer));
  }

  read(): readonly Reading[] {
    const readings: Reading[] = [];
    for (const channel of this.channels) readings.push(channel ? channel.read(this.nowS) : gone);
    return readings;
  }

  close(): void {
    for (const channel of this.channels) channel?.close();
  }
}

const gone: Reading = { failure: "this zone is not there any more" };

class Channel {
  private readonly file: CounterFile;
  private readonly counter: WrappingCounter;

  constructor(
    private readonly zone: Zone,
    files: Files,
    buffer: Uint8Array,
  ) {
    this.file = new CounterFile(files, join(zone.path, "energy_uj"), buffer);
    this.counter = new WrappingCounter(zone.rangeUj, 1e-6, highestPowerW(zone));
  }

  read(nowS: () => number): Reading {
    const raw = this.file.read();
    if (Number.isNaN(raw)) return { failure: `${this.file.failure}.` };
    const energyJ = this.counter.advance(raw, nowS());
    return Number.isNaN(energyJ) ? { failure: `${this.zone.name}: ${this.counter.failure}.` } : { energyJ };
  }

  close(): void {
    this.file.close();
  }
}

function sortOut(files: Files, host: Host, powercap: Powercap, root: string): Found {
  const values = new Map(powercap.zones.map((zone) => [zone, readEnergyUj(files, zone)]));
  const isNumber = (zone: Zone) => typeof values.get(zone) === "number";
  const zones = withoutTwins(powercap.zones, isNumber);
  const mirrors = mirroredDies(files, zones);
  const own = zones.filter((zone) => !mirrors.has(zone.key) && !mirrors.has(zone.parent ?? ""));
  const locked = own.filter((zone) => values.get(zone) === "EACCES" || values.get(zone) === "EPERM");
  const broken = own.filter((zone) => !isNumber(zone) && !locked.includes(zone));
  const unavailable: Unavailable[] = [];
  if (locked.length > 0) unavailable.push(raplNeedsPermission(files, host.env, root, locked));
  if (broken.length > 0) {
    unavailable.push(raplNoNumber(broken.map((zone) => `${zone.path}/energy_uj (${values.get(zone)})`)));
  }
  const cpu = cpuName(files);
  const devices = own.filter(isNumber).map((zone) => describe(zone, zones, mirrors, cpu));
  return { devices, unavailable };
}

function idOf(zone: Zone): string {
  return `rapl:${zone.key}`;
}

function describe(
  zone: Zone,
  zones: readonly Zone[],
  mirrors: ReadonlyMap<string, string>,
  cpu: string | undefined,
): Device {
  const parent = zones.find((other) => other.key === zone.parent);
  const common = { id: idOf(zone), meter: "rapl", source: "measured", updatePeriodS } as const;
  const where = parent ? ` of ${parent.name}` : "";
  switch (zone.kind) {
    case "package": {
      const mirrored = [...mirrors].filter(([, first]) => first === zone.key).map(([key]) => key);
      return {
        ...common,
        kind: "cpu",
        name: cpu ? `${cpu}, ${zone.name}` : `CPU ${zone.name}`,
        counted: true,
        scope:
          mirrored.length > 0
            ? `the whole ${socketOf(zone.name)}: ${mirrored.join(", ")} shows the same counter and is left out`
            : "processor with its caches and integrated graphics, without DRAM",
      };
    }
    case "dram":
      return { ...common, kind: "dram", name: `DRAM${where}`, counted: true };
    case "psys":
      return {
        ...common,
        kind: "system",
        name: "platform (psys)",
        counted: false,
        scope: "the whole platform, its processor packages included",
      };
    case "part":
      return {
        ...common,
        kind: "cpu",
        name: `${zone.name}${where}`,
        counted: false,
        ...(zone.parent === undefined ? {} : { partOf: `rapl:${zone.parent}` }),
      };
    case "unknown":
      return {
        ...common,
        kind: "cpu",
        name: zone.name,
        counted: false,
        scope: "a zone that Wattline does not know, so it is shown and not added",
      };
  }
}
