import { readdirSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import type { Host, OpenMeter } from "../../../src/meters/meter";
import { rapl } from "../../../src/meters/rapl";
import type { Device } from "../../../src/model/device";
import {
  amdRangeUj,
  FakePowercap,
  type FakeZone,
  failing,
  intelRangeUj,
  onlyFiles,
  server,
} from "../../fixtures/fake-powercap/tree";

let tree: FakePowercap;
afterEach(() => tree?.dispose());

function build(zones: readonly FakeZone[]): FakePowercap {
  tree = new FakePowercap(zones);
  return tree;
}

/** A clock that the test moves. */
function clock() {
  let nowS = 0;
  return { nowS: () => nowS, forward: (byS: number) => (nowS += byS) };
}

async function openAll(host: Host): Promise<{ devices: readonly Device[]; open: OpenMeter }> {
  const { devices } = await rapl.find(host);
  return { devices, open: await rapl.open(devices, host) };
}

async function read(open: OpenMeter) {
  return await open.read();
}

describe("what RAPL finds", () => {
  it("counts the package and its DRAM, and shows the cores as a part of the package", async () => {
    const { devices, unavailable } = await rapl.find(build(server()).host());
    expect(devices.map(({ id, kind, counted, partOf }) => ({ id, kind, counted, partOf }))).toEqual([
      { id: "rapl:intel-rapl:0", kind: "cpu", counted: true, partOf: undefined },
      { id: "rapl:intel-rapl:0:0", kind: "cpu", counted: false, partOf: "rapl:intel-rapl:0" },
      { id: "rapl:intel-rapl:0:1", kind: "dram", counted: true, partOf: undefined },
    ]);
    expect(unavailable).toEqual([]);
    expect(devices.every((device) => device.source === "measured")).toBe(true);
  });

  it("finds the same zones where they lie one within the other, as in a container's bind mount", async () => {
    const { devices } = await rapl.find(
      build([
        { path: "intel-rapl/intel-rapl:0", name: "package-0" },
        { path: "intel-rapl/intel-rapl:0/intel-rapl:0:0", name: "dram" },
      ]).host(),
    );
    expect(devices.map((device) => device.id)).toEqual(["rapl:intel-rapl:0", "rapl:intel-rapl:0:0"]);
  });

  it("never counts psys, which has the packages in it", async () => {
    const { devices } = await rapl.find(build([...server(), { path: "intel-rapl:1", name: "psys" }]).host());
    expect(devices.find((device) => device.kind === "system")).toMatchObject({
      counted: false,
      id: "rapl:intel-rapl:1",
    });
  });

  it("finds a package once that two interfaces show", async () => {
    const { devices } = await rapl.find(
      build([...server(), { path: "intel-rapl-mmio:0", name: "package-0", energyUj: 1_000_017 }]).host(),
    );
    const packages = devices.filter((device) => device.counted && device.kind === "cpu");
    expect(packages.map((device) => device.id)).toEqual(["rapl:intel-rapl:0"]);
  });

  it("takes the second interface where the first may not be read", async () => {
    const host = build([
      { path: "intel-rapl:0", name: "package-0" },
      { path: "intel-rapl-mmio:0", name: "package-0" },
    ]).host({ files: failing("EACCES", (path) => path.includes("intel-rapl:0/energy_uj")) });
    expect((await rapl.find(host)).devices.map((device) => device.id)).toEqual(["rapl:intel-rapl-mmio:0"]);
  });

  it("counts a socket once whose dies all mirror its counter, and says so", async () => {
    const { devices } = await rapl.find(
      build([
        { path: "intel-rapl:0", name: "package-0-die-0", rangeUj: amdRangeUj, energyUj: 5_000_000_000 },
        { path: "intel-rapl:1", name: "package-0-die-1", rangeUj: amdRangeUj, energyUj: 5_000_400_000 },
        { path: "intel-rapl:2", name: "package-1-die-0", rangeUj: amdRangeUj, energyUj: 5_000_100_000 },
      ]).host(),
    );
    expect(devices.map((device) => device.id)).toEqual(["rapl:intel-rapl:0", "rapl:intel-rapl:2"]);
    expect(devices[0]!.scope).toContain("intel-rapl:1");
  });

  it("counts every die that has a counter of its own", async () => {
    const { devices } = await rapl.find(
      build([
        { path: "intel-rapl:0", name: "package-0-die-0", energyUj: 5_000_000_000 },
        { path: "intel-rapl:1", name: "package-0-die-1", energyUj: 7_100_000_000 },
      ]).host(),
    );
    expect(devices.filter((device) => device.counted)).toHaveLength(2);
  });

  it("names each zone that may not be read, with a rule that lasts over a reboot", async () => {
    const host = build(server()).host({ files: failing("EACCES", (path) => path.endsWith("energy_uj")) });
    const { devices, unavailable } = await rapl.find(host);
    expect(devices).toEqual([]);
    expect(unavailable).toHaveLength(1);
    for (const zone of ["package-0", "core", "dram"]) expect(unavailable[0]!.reason).toContain(zone);
    expect(unavailable[0]!.remedy).toMatch(/^ {2}echo '.*chgrp power.*' \| sudo tee \/etc\/udev\/rules\.d\//m);
  });

  it("reads what may be read when only some zones are locked", async () => {
    const host = build(server()).host({
      files: failing("EACCES", (path) => path.includes("intel-rapl:0:1/energy_uj")),
    });
    const { devices, unavailable } = await rapl.find(host);
    expect(devices.map((device) => device.kind)).toEqual(["cpu", "cpu"]);
    expect(unavailable[0]!.reason).toContain("dram (intel-rapl:0:1)");
    expect(unavailable[0]!.reason).not.toContain("package-0 (");
  });

  it("tells a counter without a number from one without permission", async () => {
    const { devices, unavailable } = await rapl.find(
      build([{ path: "intel-rapl:0", name: "package-0", energyUj: "-5" }]).host(),
    );
    expect(devices).toEqual([]);
    expect(unavailable[0]!.reason).toContain("give no number");
  });

  it.each([
    ["a virtual machine", { "/proc/cpuinfo": "flags\t\t: fpu hypervisor sse" }, /virtual machine/, /bare metal/],
    ["a container", { "/.dockerenv": "" }, /container/, /docker run -v .*WATTLINE_POWERCAP_ROOT/s],
    ["a machine without the module", { "/proc/cpuinfo": "flags : fpu" }, /module/, /modules-load\.d/],
  ])("says why there is nothing in %s, and what helps", async (_where, texts, reason, remedy) => {
    const { unavailable } = await rapl.find({ env: {}, platform: "linux", files: onlyFiles(texts) });
    expect(unavailable[0]!.reason).toMatch(reason);
    expect(unavailable[0]!.remedy).toMatch(remedy);
  });

  it("knows a container's mask: zones are listed, and nothing is behind them", async () => {
    const files = onlyFiles({}, { "/sys/class/powercap": ["intel-rapl", "intel-rapl:0"] });
    const { unavailable } = await rapl.find({ env: {}, platform: "linux", files });
    expect(unavailable[0]!.reason).toContain("intel-rapl:0");
    expect(unavailable[0]!.remedy).toContain("WATTLINE_POWERCAP_ROOT");
  });

  it("says on other systems that only Linux shows the counters", async () => {
    expect((await rapl.find({ env: {}, platform: "darwin" })).unavailable[0]!.reason).toContain("macOS");
  });
});

describe("what RAPL reads", () => {
  it("gives power times time over many wraps", async () => {
    const time = clock();
    const fake = build([{ path: "intel-rapl:0", name: "package-0", rangeUj: amdRangeUj, energyUj: 60_000_000_000 }]);
    const { open } = await openAll(fake.host({ nowS: time.nowS }));
    expect(await read(open)).toEqual([{ energyJ: 0 }]);
    const powerW = 240;
    let energyUj = 60_000_000_000;
    for (let second = 0; second < 1800; second += 30) {
      energyUj += powerW * 30 * 1e6;
      fake.set("intel-rapl:0", energyUj % amdRangeUj);
      time.forward(30);
      await read(open);
    }
    const [reading] = await read(open);
    // 1800 s x 240 W = 432 kJ: six rounds of AMD's 65.5 kJ.
    expect(reading!.energyJ).toBeCloseTo(432_000, 3);
  });

  it("takes a failed read as a gap: no energy is made up, none is lost", async () => {
    let fail = false;
    const fake = build([{ path: "intel-rapl:0", name: "package-0", energyUj: 200_050_000_000 }]);
    const { open } = await openAll(fake.host({ files: failing("EIO", () => fail) }));
    const naive = naiveReader();
    const poll = async (energyUj: number) => {
      fake.set("intel-rapl:0", energyUj);
      naive.read(fail ? undefined : energyUj);
      return (await read(open))[0]!;
    };
    await poll(200_050_000_000);
    fail = true;
    const during = await poll(200_055_000_000);
    expect(during.energyJ).toBeUndefined();
    expect(during.failure).toContain("EIO");
    fail = false;
    expect((await poll(200_060_000_000)).energyJ).toBeCloseTo(10, 6);
    // Lesson 1, as measured on a peer: a failed read taken as 0 books a whole round, then the counter itself.
    expect(naive.total()).toBeGreaterThan(100_000);
  });

  it("takes words, signs, and an empty file as failures", async () => {
    const fake = build([{ path: "intel-rapl:0", name: "package-0", energyUj: 5_000_000 }]);
    const { open } = await openAll(fake.host());
    await read(open);
    for (const nonsense of ["", "-1", "12x4", "0x10", "99999999999999999999999", "1 2"]) {
      fake.set("intel-rapl:0", nonsense);
      const [reading] = await read(open);
      expect(reading!.energyJ, nonsense).toBeUndefined();
      expect(reading!.failure, nonsense).toContain("no number");
    }
    fake.set("intel-rapl:0", 6_000_000);
    expect((await read(open))[0]!.energyJ).toBeCloseTo(1, 9);
  });

  it("refuses a value above the counter's own range", async () => {
    const fake = build([{ path: "intel-rapl:0", name: "package-0", energyUj: 5_000_000 }]);
    const { open } = await openAll(fake.host());
    await read(open);
    fake.set("intel-rapl:0", intelRangeUj + 1);
    expect((await read(open))[0]!.failure).toContain("range");
  });

  it("tells a counter that was set back from one that wrapped", async () => {
    const time = clock();
    const fake = build([{ path: "intel-rapl:0", name: "package-0", energyUj: 1_000_000_000 }]);
    const { open } = await openAll(fake.host({ nowS: time.nowS }));
    await read(open);
    time.forward(0.1);
    // After suspend the register begins at zero. As a wrap this would be 261 kJ in a tenth of a second.
    fake.set("intel-rapl:0", 10_000);
    expect((await read(open))[0]!.failure).toContain("set back");
    time.forward(1);
    fake.set("intel-rapl:0", 50_010_000);
    expect((await read(open))[0]!.energyJ).toBeCloseTo(50, 6);
  });

  it("says when so long was not read that the number of wraps is anybody's guess", async () => {
    const time = clock();
    const fake = build([{ path: "intel-rapl:0", name: "package-0", rangeUj: amdRangeUj }]);
    const { open } = await openAll(fake.host({ nowS: time.nowS }));
    await read(open);
    time.forward(70);
    fake.set("intel-rapl:0", 1_000_000);
    expect((await read(open))[0]!.failure).toContain("more than once");
  });

  it("goes on when a zone vanishes and returns", async () => {
    const fake = build(server(8_000_000));
    const { devices, open } = await openAll(fake.host());
    const dram = devices.findIndex((device) => device.kind === "dram");
    await read(open);
    fake.remove("intel-rapl:0:1");
    const during = await read(open);
    expect(during[dram]!.failure).toBeDefined();
    expect(during.filter((reading) => reading.failure === undefined)).toHaveLength(2);
    expect((await read(open))[dram]!.failure).toContain("ENOENT");
    fake.add({ path: "intel-rapl:0:1", name: "dram", rangeUj: 65_712_999_613, energyUj: 5_000_000 });
    expect((await read(open))[dram]!.energyJ).toBeCloseTo(3, 9);
  });

  it("has a reading with a reason for a zone that was gone before it was opened", async () => {
    const fake = build(server());
    const { devices } = await rapl.find(fake.host());
    fake.remove("intel-rapl:0:1");
    const open = await rapl.open(devices, fake.host());
    expect((await read(open))[2]!.failure).toContain("not there");
  });

  it("keeps one descriptor a zone while it reads, and none after", async () => {
    const fake = build(server());
    const { open } = await openAll(fake.host());
    const descriptors = () => readdirSync("/proc/self/fd").length;
    const before = descriptors();
    for (let i = 0; i < 200; i++) await read(open);
    expect(descriptors() - before).toBe(3);
    await open.close();
    expect(descriptors()).toBe(before);
  });
});

/** What the peers do: a failed read is zero, and every fall is a wrap. */
function naiveReader() {
  let last: number | undefined;
  let totalJ = 0;
  return {
    read(energyUj: number | undefined) {
      const value = energyUj ?? 0;
      if (last !== undefined) totalJ += (value >= last ? value - last : value - last + intelRangeUj) / 1e6;
      last = value;
    },
    total: () => totalJ,
  };
}
