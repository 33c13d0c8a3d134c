import { estimatedPowerW, estimateFrom } from "../../../src/meters/estimate";
import { hwmon } from "../../../src/meters/hwmon";
import type { Host } from "../../../src/meters/meter";
import { nvidiaSmiFrom } from "../../../src/meters/nvidiaSmi";
import { nvml } from "../../../src/meters/nvml";
import { rapl } from "../../../src/meters/rapl";
import { type FakeGpu, FakeNvml } from "../../fixtures/fake-nvml/scenario";
import { amdRangeUj, FakePowercap } from "../../fixtures/fake-powercap/tree";
import { FakeSysfs } from "../../fixtures/fake-sysfs/tree";
import { conformance, type Rig } from "./conformance";

/** Time that a rig sets. */
function timed(host: Omit<Host, "nowS">) {
  let nowS = 0;
  return { host: { ...host, nowS: () => nowS }, set: (seconds: number) => (nowS = seconds) };
}

function raplRig(): Rig {
  const zones = [
    { path: "intel-rapl:0", name: "package-0", rangeUj: amdRangeUj, startUj: amdRangeUj - 1_000_000_000, watts: 230 },
    { path: "intel-rapl:0:0", name: "core", rangeUj: amdRangeUj, startUj: 7, watts: 120 },
    { path: "intel-rapl:1", name: "package-1", rangeUj: amdRangeUj, startUj: 5_000_000_000, watts: 90 },
  ];
  const tree = new FakePowercap(zones);
  const time = timed({ env: { WATTLINE_POWERCAP_ROOT: tree.root }, platform: "linux" });
  let nowS = 0;
  let gone = false;
  const publish = () => {
    for (const [index, { path, startUj, watts, rangeUj }] of zones.entries()) {
      if (!(gone && index === 0)) tree.set(path, (startUj + Math.round(watts * nowS * 1e6)) % rangeUj);
    }
  };
  return {
    meter: rapl,
    host: time.host,
    to(seconds) {
      time.set((nowS = seconds));
      publish();
    },
    trueEnergyJ: (index, seconds) => zones[index]!.watts * seconds,
    resolutionJ: 0.001,
    vanish() {
      gone = true;
      tree.remove(zones[0]!.path);
    },
    comeBack() {
      gone = false;
      tree.add(zones[0]!);
      publish();
    },
    dispose: () => tree.dispose(),
  };
}

/** In the scenario's time the GPU is lost from here to twice here; the rig jumps there and on. */
const farS = 80_000;

function nvmlRig(hasCounter: boolean): Rig {
  const power = [
    { atS: 0, watts: 60 },
    { atS: 0.03, watts: 310 },
    { atS: 0.045, watts: 80 },
  ];
  const gpu: FakeGpu = { hasCounter, power, repeatS: 0.08, instantWindowS: 0.1 };
  const faults = [
    { kind: "lose", fromS: farS, toS: 2 * farS },
    { kind: "reset", fromS: 2 * farS },
  ] as const;
  const fake = new FakeNvml({
    manualClock: true,
    gpus: [
      { ...gpu, faults },
      { ...gpu, name: "the other", phaseS: 0.03 },
    ],
  });
  process.env.WATTLINE_FAKE_NVML = fake.env.WATTLINE_FAKE_NVML;
  const time = timed({ env: fake.env, platform: "linux" });
  let shift = 0;
  let atS = 0;
  const to = (seconds: number) => {
    time.set((atS = seconds));
    fake.setTime(seconds + shift);
  };
  return {
    meter: nvml,
    host: time.host,
    to,
    trueEnergyJ: (index, seconds) => fake.trueEnergyJ(index, 0, seconds + shift),
    // One update at the highest power; integrated, an update at each end and the sensor's window.
    resolutionJ: hasCounter ? 0.1 * 310 : 0.3 * 310,
    vanish() {
      shift = farS;
      to(atS);
    },
    comeBack() {
      shift = 2 * farS;
      to(atS);
    },
    dispose: () => fake.dispose(),
  };
}

function hwmonRig(): Rig {
  const tree = new FakeSysfs();
  const folder = (index: number) => `/sys/class/hwmon/hwmon${index}`;
  const watts = [140, 75, 12];
  let gone = false;
  const battery = "/sys/class/power_supply/BAT1";
  tree.writeAll(folder(0), { name: "amdgpu" });
  tree.writeAll(folder(1), { name: "i915" });
  tree.writeAll(battery, { type: "Battery", status: "Discharging", power_now: watts[2]! * 1e6 });
  const time = timed({ env: {}, platform: "linux", files: tree.files });
  return {
    meter: hwmon,
    host: time.host,
    to(seconds) {
      time.set(seconds);
      if (!gone) tree.write(`${folder(0)}/power1_average`, watts[0]! * 1e6);
      tree.write(`${folder(1)}/energy1_input`, Math.round((3 + watts[1]! * seconds) * 1e6));
    },
    trueEnergyJ: (index, seconds) => watts[index]! * seconds,
    resolutionJ: 0.001,
    vanish() {
      gone = true;
      tree.remove(`${folder(0)}/power1_average`);
    },
    comeBack() {
      gone = false;
    },
    dispose: () => tree.dispose(),
  };
}

function smiRig(): Rig {
  const time = timed({ env: {}, platform: "linux" });
  let gone = false;
  const gpus = [
    { uuid: "GPU-1", name: "A", powerW: 120, slices: [] },
    { uuid: "GPU-2", name: "B", powerW: 45, slices: [] },
  ];
  return {
    meter: nvidiaSmiFrom(async () => gpus.slice(gone ? 1 : 0)),
    host: time.host,
    to: time.set,
    trueEnergyJ: (index, seconds) => gpus[index]!.powerW * seconds,
    resolutionJ: 0.001,
    noticedAfterS: 1,
    vanish() {
      gone = true;
    },
    comeBack() {
      gone = false;
    },
    dispose() {},
  };
}

function estimateRig(): Rig {
  const time = timed({ env: {}, platform: "linux" });
  let gone = false;
  const load = async () => {
    if (gone) throw new Error("the load is hidden");
    return { share: 0.4, logicalCpus: 8 };
  };
  return {
    meter: estimateFrom(() => ({ load })),
    host: time.host,
    to: time.set,
    trueEnergyJ: (_index, seconds) => estimatedPowerW(0.4, 8) * seconds,
    resolutionJ: 0.001,
    vanish() {
      gone = true;
    },
    comeBack() {
      gone = false;
    },
    dispose() {},
  };
}

conformance("RAPL", raplRig);
conformance("NVML with a counter", () => nvmlRig(true));
conformance("NVML without a counter", () => nvmlRig(false));
conformance("hwmon", hwmonRig);
conformance("nvidia-smi", smiRig);
conformance("the estimate", estimateRig);
