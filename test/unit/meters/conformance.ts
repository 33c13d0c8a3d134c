/**
 * What every meter must do, whatever it reads. A new meter brings a rig, a machine whose devices, time and faults the
 * test sets, and gets the whole suite (docs/adding-a-meter.md).
 */
import { readdirSync } from "node:fs";
import * as v from "valibot";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Host, Meter, OpenMeter, Reading } from "../../../src/meters/meter";
import { deviceSchema, unavailableSchema } from "../../../src/model/device";

export interface Rig {
  readonly meter: Meter;
  /** With `nowS` of the rig's own time, which starts at 0. */
  readonly host: Host;
  /** Sets the time, and everything that depends on it. Only forward. */
  to(seconds: number): void;
  /** What device `index` really used until `seconds`, in joules. */
  trueEnergyJ(index: number, seconds: number): number;
  /** Joules by which a reading may be off: a period of the sensor at the highest power. */
  readonly resolutionJ: number;
  /** Device 0 is gone from now on, or there again. Its counter may start anew when it returns. */
  vanish(): void;
  /** Seconds after which that must show, at the latest. Default 0. */
  readonly noticedAfterS?: number;
  comeBack(): void;
  dispose(): void;
}

/** A poll of any meter at 100 Hz may take its tenth; nvidia-smi's program is a rig's own here. */
const longestReadS = 0.001;

/** Registers the suite for one meter. `make` builds a fresh rig of at least one device. */
export function conformance(name: string, make: () => Rig): void {
  describe(`${name}, as every meter`, () => {
    let rig: Rig;
    let open: OpenMeter | undefined;
    beforeEach(() => {
      rig = make();
      rig.to(0);
    });
    afterEach(async () => {
      await open?.close();
      open = undefined;
      rig.dispose();
    });

    const start = async () => {
      const { devices } = await rig.meter.find(rig.host);
      open = await rig.meter.open(devices, rig.host);
      return devices;
    };
    const read = async () => await open!.read();

    /** Time passes as a poller lets it: a read every tenth of a second. Returns the last readings. */
    const pollUntil = async (fromS: number, toS: number, each: (readings: readonly Reading[]) => void = () => {}) => {
      let last: readonly Reading[] = [];
      for (let step = 1; step <= Math.round((toS - fromS) * 10); step++) {
        rig.to(fromS + step / 10);
        last = await read();
        each(last);
      }
      return last;
    };

    it("finds devices that the run folder can hold, with ids of its own and no id twice", async () => {
      const devices = await start();
      expect(devices.length).toBeGreaterThan(0);
      for (const device of devices) {
        expect(v.parse(deviceSchema, device)).toEqual(device);
        expect(device.meter).toBe(rig.meter.id);
        expect(device.id.startsWith(`${rig.meter.id}:`)).toBe(true);
      }
      expect(new Set(devices.map((device) => device.id)).size).toBe(devices.length);
    });

    it("gives one reading a device, in the order of the devices that it was given", async () => {
      const { devices } = await rig.meter.find(rig.host);
      open = await rig.meter.open([...devices].reverse(), rig.host);
      await read();
      const readings = await pollUntil(0, 2);
      expect(readings).toHaveLength(devices.length);
      for (const [index, reading] of readings.entries()) {
        const energyJ = reading.energyJ;
        if (energyJ === undefined) continue;
        const trueJ = rig.trueEnergyJ(devices.length - 1 - index, 2);
        expect(Math.abs(energyJ - trueJ)).toBeLessThanOrEqual(rig.resolutionJ);
      }
    });

    it("gives energy that never falls and is the truth, to the meter's resolution; or power whose integral is", async () => {
      const devices = await start();
      await read();
      const highestJ = devices.map(() => 0);
      const integralJ = devices.map(() => 0);
      await pollUntil(0, 20, (readings) => {
        for (const [index, { energyJ, powerW, powerInstantW, failure }] of readings.entries()) {
          expect(failure).toBeUndefined();
          integralJ[index]! += ((powerInstantW ?? powerW) || 0) * 0.1;
          if (energyJ === undefined) continue;
          expect(energyJ).toBeGreaterThanOrEqual(highestJ[index]!);
          highestJ[index] = energyJ;
        }
      });
      for (const [index, device] of devices.entries()) {
        const gotJ = device.source === "measured" ? highestJ[index]! : integralJ[index]!;
        expect(Math.abs(gotJ - rig.trueEnergyJ(index, 20))).toBeLessThanOrEqual(rig.resolutionJ);
      }
    });

    it("never gives energy for a device that it does not call measured, and always for one that it does", async () => {
      const devices = await start();
      const readings = await pollUntil(0, 2);
      for (const [index, device] of devices.entries()) {
        expect(readings[index]!.energyJ !== undefined).toBe(device.source === "measured");
      }
    });

    it("gives numbers or nothing: no NaN, no negative value, no zero for what was not read", async () => {
      await start();
      await pollUntil(0, 3, (readings) => {
        for (const { failure, ...values } of readings) {
          for (const value of Object.values(values).filter((one) => one !== undefined)) {
            expect(Number.isFinite(value)).toBe(true);
            expect(value).toBeGreaterThanOrEqual(0);
          }
          if (failure !== undefined) expect(Object.values(values).every((value) => value === undefined)).toBe(true);
          if (values.powerW !== undefined) expect(values.powerW).toBeGreaterThan(0);
          if (values.utilization !== undefined) expect(values.utilization).toBeLessThanOrEqual(1);
        }
      });
    });

    it("says in a sentence why a device that vanished cannot be read, and goes on when it returns", async () => {
      const devices = await start();
      await read();
      await pollUntil(0, 3);
      const [before] = await read();
      rig.vanish();
      const noticedS = 3 + (rig.noticedAfterS ?? 0);
      await pollUntil(3, noticedS);
      await pollUntil(noticedS, 5, (readings) => {
        expect(readings).toHaveLength(devices.length);
        expect(Object.keys(readings[0]!)).toEqual(["failure"]);
        expect(readings[0]!.failure).toMatch(/^\S.{10,}\.$/s);
        for (const other of readings.slice(1)) expect(other.failure).toBeUndefined();
      });
      rig.comeBack();
      const [after] = await pollUntil(5, 9);
      expect(after!.failure).toBeUndefined();
      if (devices[0]!.source !== "measured") expect(after!.powerW).toBeGreaterThan(0);
      else {
        // What was used in the gap is counted or lost, and never made up.
        expect(after!.energyJ! - before!.energyJ!).toBeGreaterThan(0);
        expect(after!.energyJ!).toBeLessThanOrEqual(rig.trueEnergyJ(0, 9) + rig.resolutionJ);
      }
    });

    it("does not change a reading that it gave before", async () => {
      await start();
      rig.to(1);
      const kept = await read();
      const copy = structuredClone(kept);
      await pollUntil(1, 3);
      expect(kept).toEqual(copy);
    });

    it("reads in a bounded time", async () => {
      await start();
      await pollUntil(0, 2);
      const times: number[] = [];
      for (let i = 0; i < 300; i++) {
        const before = performance.now();
        await read();
        times.push((performance.now() - before) / 1000);
      }
      // The median: on a busy machine a poll now and then waits for its turn.
      expect(times.sort((a, b) => a - b)[150]).toBeLessThan(longestReadS);
    });

    it("leaves nothing open when it is closed, also twice, and can be opened again", async () => {
      await start();
      await read();
      await open!.close();
      const descriptors = () => readdirSync("/proc/self/fd").length;
      const before = descriptors();
      for (let i = 0; i < 10; i++) {
        await start();
        rig.to(i + 1);
        await read();
        await open!.close();
        await open!.close();
      }
      expect(descriptors()).toBe(before);
      open = undefined;
    });

    it("does not throw where every file fails", async () => {
      const refuse = (): never => {
        throw Object.assign(new Error("EIO"), { code: "EIO" });
      };
      const files = {
        list: refuse,
        exists: () => false,
        text: refuse,
        link: refuse,
        open: refuse,
        read: refuse,
        close: refuse,
      };
      for (const platform of ["linux", "darwin", "win32"] as const) {
        const { unavailable } = await rig.meter.find({ env: {}, platform, files });
        for (const each of unavailable) {
          expect(v.parse(unavailableSchema, each)).toEqual(each);
          expect(each.reason).toMatch(/\.$/);
          expect(each.remedy.length).toBeGreaterThan(20);
          // Commands on indented lines stay whole where text is wrapped.
          expect(each.remedy).not.toMatch(/^(?:sudo|docker|echo) /m);
        }
      }
    });
  });
}
