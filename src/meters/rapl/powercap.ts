/**
 * The tree of RAPL zones that Linux shows below `/sys/class/powercap`: what is there, what each zone is, and which
 * zones show the same energy twice.
 *
 * `intel-rapl:0` is a package (or `psys`, the whole platform), `intel-rapl:0:1` a part of it or its DRAM. AMD's zones
 * have the same names. `/sys/class/powercap` shows all zones side by side, `/sys/devices/virtual/powercap` (what one
 * mounts into a container) one within the other: both are read. `intel-rapl-mmio` is a second interface to packages
 * that `intel-rapl` has too. On AMD processors of several dies each die mirrors its socket's counter.
 */
import { join } from "node:path";
import { errorCode, type Files, namesIn, textOf } from "../files";

export const powercapFolder = "/sys/class/powercap";

/** The folder that stands in for `/sys/class/powercap`, or that folder. */
export function powercapRoot(env: Readonly<Record<string, string | undefined>>): string {
  return env.WATTLINE_POWERCAP_ROOT || powercapFolder;
}

export type ZoneKind = "package" | "part" | "dram" | "psys" | "unknown";

export interface Zone {
  /** `intel-rapl:0:1` */
  readonly key: string;
  readonly path: string;
  /** As the kernel names it: `package-0`, `package-0-die-1`, `core`, `uncore`, `dram`, `psys`. */
  readonly name: string;
  readonly kind: ZoneKind;
  /** The key of the zone that this one lies in. */
  readonly parent?: string;
  /** Highest value of `energy_uj`; NaN where the zone does not say. */
  readonly rangeUj: number;
}

export interface Powercap {
  readonly zones: readonly Zone[];
  /** Zones that are listed but have no readable name: a container's mask over `/sys/devices/virtual/powercap`. */
  readonly masked: readonly string[];
}

const zoneKey = /^(?:intel|amd|arm)-rapl(?:-mmio|-tpmi)?(?::\d+)+$/;
const controlType = /^(?:intel|amd|arm)-rapl(?:-mmio|-tpmi)?$/;

/** Every zone below `root`, each once, in the order of their numbers. */
export function listZones(files: Files, root: string): Powercap {
  const paths = new Map<string, string>();
  collect(files, root, paths, 0);
  const zones: Zone[] = [];
  const masked: string[] = [];
  for (const [key, path] of [...paths].sort(([a], [b]) => inOrder(a, b))) {
    const name = textOf(files, join(path, "name"));
    if (name === undefined) masked.push(key);
    else zones.push(describe(key, path, name, textOf(files, join(path, "max_energy_range_uj"))));
  }
  return { zones, masked };
}

/** `intel-rapl` before its second interfaces, then by number. */
function inOrder(a: string, b: string): number {
  return interfaceOf(a).length - interfaceOf(b).length || a.localeCompare(b, "en", { numeric: true });
}

function interfaceOf(key: string): string {
  return key.slice(0, key.indexOf(":"));
}

/** Control type, zone, subzone: a tree of three levels; four, so that a folder above them may be given. */
const deepest = 4;

function collect(files: Files, folder: string, paths: Map<string, string>, depth: number): void {
  for (const name of namesIn(files, folder)) {
    const isZone = zoneKey.test(name);
    if (!isZone && !controlType.test(name)) continue;
    const path = join(folder, name);
    if (isZone && !paths.has(name)) paths.set(name, path);
    if (depth < deepest) collect(files, path, paths, depth + 1);
  }
}

function describe(key: string, path: string, name: string, range: string | undefined): Zone {
  const parts = key.split(":");
  const rangeUj = range !== undefined && /^\d{1,15}$/.test(range) && Number(range) > 0 ? Number(range) : Number.NaN;
  const zone = { key, path, name, kind: kindOf(name, parts.length), rangeUj };
  return parts.length > 2 ? { ...zone, parent: parts.slice(0, -1).join(":") } : zone;
}

function kindOf(name: string, depth: number): ZoneKind {
  if (/^package-\d+(-die-\d+)?$/.test(name)) return "package";
  if (name === "dram") return "dram";
  if (name === "psys") return "psys";
  return depth > 2 ? "part" : "unknown";
}

/** The package that a zone belongs to: `package-0` of `package-0-die-1`. */
export function socketOf(packageName: string): string {
  return packageName.replace(/-die-\d+$/, "");
}

/**
 * The zones without those that show another one's energy: packages of a second interface (`intel-rapl-mmio`,
 * `intel-rapl-tpmi`) beside their `intel-rapl` twin, with what lies below them. `readable` decides which twin stays.
 */
export function withoutTwins(zones: readonly Zone[], readable: (zone: Zone) => boolean): readonly Zone[] {
  const kept = new Map<string, Zone>();
  for (const zone of zones.filter((zone) => zone.parent === undefined)) {
    const twin = kept.get(zone.name);
    // Two zones of one interface are two things even where the kernel gives them one name.
    const id = twin && interfaceOf(twin.key) === interfaceOf(zone.key) ? zone.key : zone.name;
    if (twin === undefined || id === zone.key || (!readable(twin) && readable(zone))) kept.set(id, zone);
  }
  const keys = new Set([...kept.values()].map((zone) => zone.key));
  return zones.filter((zone) => keys.has(zone.parent ?? zone.key));
}

/** The zone's counter now; an error code where it cannot be read. */
export function readEnergyUj(files: Files, zone: Zone): number | string {
  try {
    const text = files.text(join(zone.path, "energy_uj"));
    return /^\d{1,15}$/.test(text) ? Number(text) : "no number";
  } catch (error) {
    return errorCode(error);
  }
}

/**
 * Dies that mirror their socket's counter: their value lies between two readings of the first die, give or take what a
 * package can use between two updates. Dies with counters of their own differ by far more, from the first minute on.
 * @returns keys of the zones that mirror, with the key of the one they mirror
 */
export function mirroredDies(files: Files, zones: readonly Zone[]): ReadonlyMap<string, string> {
  const firstOf = new Map<string, Zone>();
  const mirrors = new Map<string, string>();
  for (const zone of zones) {
    if (zone.kind !== "package") continue;
    const socket = socketOf(zone.name);
    const first = firstOf.get(socket);
    if (first === undefined) firstOf.set(socket, zone);
    else if (sameCounter(files, first, zone)) mirrors.set(zone.key, first.key);
  }
  return mirrors;
}

/** 1 kW for the millisecond between two updates. */
const slackUj = 1e6;

function sameCounter(files: Files, first: Zone, other: Zone): boolean {
  const before = readEnergyUj(files, first);
  const value = readEnergyUj(files, other);
  const after = readEnergyUj(files, first);
  if (typeof before === "string" || typeof value === "string" || typeof after === "string") return false;
  return value >= before - slackUj && value <= after + slackUj;
}
