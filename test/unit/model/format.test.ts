import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  formatBound,
  formatBytes,
  formatClock,
  formatCount,
  formatDuration,
  formatEnergy,
  formatMoment,
  formatPartOfWhole,
  formatPower,
  formatQuantity,
  formatRelativeError,
  formatShare,
  formatSourced,
  plural,
  quantityParts,
  weakestSource,
} from "../../../src/model/format";

describe("a quantity", () => {
  it("has three significant digits and the prefix that keeps it between 1 and 1,000", () => {
    expect(formatEnergy(1243)).toBe("1.24 kJ");
    expect(formatEnergy(260.3)).toBe("260 J");
    expect(formatEnergy(0.1823)).toBe("182 mJ");
    expect(formatPower(39.84)).toBe("39.8 W");
    expect(formatQuantity(2.5e-7, "s")).toBe("250 ns");
    expect(formatQuantity(9.8e12, "FLOP/s")).toBe("9.80 TFLOP/s");
  });

  it("goes to the next prefix where rounding carries it to 1,000", () => {
    expect(formatEnergy(999.4)).toBe("999 J");
    expect(formatEnergy(999.6)).toBe("1.00 kJ");
    expect(formatEnergy(0.9996)).toBe("1.00 J");
  });

  it("shows one standard error in the unit of the value", () => {
    expect(formatEnergy(260, 4)).toBe("260 ± 4 J");
    expect(formatEnergy(1243, 12)).toBe("1.24 ± 0.01 kJ");
    expect(formatEnergy(0.182, 0.0037)).toBe("182 ± 4 mJ");
  });

  it("leaves out an error too small to show", () => {
    expect(formatEnergy(1243, 0.4)).toBe("1.24 kJ");
    expect(formatEnergy(1243, 0)).toBe("1.24 kJ");
    expect(formatEnergy(1243, Number.NaN)).toBe("1.24 kJ");
  });

  it("is too short to say where the error reaches the value", () => {
    expect(formatEnergy(3, 3)).toBe("too short to say");
    expect(formatEnergy(-1, 4)).toBe("too short to say");
  });

  it("is a dash where it is not known, never 0 and never NaN", () => {
    for (const value of [undefined, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(formatEnergy(value)).toBe("–");
      expect(formatDuration(value)).toBe("–");
      expect(formatShare(value)).toBe("–");
      expect(formatBound(value, "J")).toBe("–");
      expect(formatCount(value)).toBe("–");
      expect(formatBytes(value)).toBe("–");
    }
  });

  it("comes in parts with a relative error", () => {
    expect(quantityParts(1243, "J", 12)).toEqual({
      number: "1.24",
      unit: "kJ",
      error: "0.01",
      relativeError: "±1 %",
      doubtful: false,
    });
    expect(quantityParts(undefined, "J")).toEqual({ number: "–", unit: "", doubtful: false });
  });

  it("reads back as the value, within half a digit, for any value", () => {
    const factors: Record<string, number> = { p: -4, n: -3, µ: -2, m: -1, "": 0, k: 1, M: 2, G: 3, T: 4, P: 5, E: 6 };
    fc.assert(
      fc.property(fc.double({ min: 1e-11, max: 1e19, noNaN: true }), fc.boolean(), (magnitude, negative) => {
        const value = negative ? -magnitude : magnitude;
        const parts = quantityParts(value, "J");
        const step = factors[parts.unit.slice(0, -1)]!;
        const scaled = Number(parts.number.replace("−", "-"));
        expect(Math.abs(scaled)).toBeGreaterThanOrEqual(1);
        expect(Math.abs(scaled)).toBeLessThan(1000);
        expect(parts.number.replace(/[^0-9]/g, "")).toHaveLength(3);
        expect(Math.abs(scaled * 1000 ** step - value) / magnitude).toBeLessThanOrEqual(0.00501);
      }),
    );
  });
});

describe("a bound", () => {
  it("has two digits and is rounded up", () => {
    expect(formatBound(0.4, "J")).toBe("≤ 400 mJ");
    expect(formatBound(0.401, "J")).toBe("≤ 410 mJ");
    expect(formatBound(1234, "J")).toBe("≤ 1.3 kJ");
    expect(formatBound(3, "J")).toBe("≤ 3 J");
    expect(formatBound(0.999, "J")).toBe("≤ 1 J");
  });
});

describe("a time", () => {
  it("is in seconds below 100 s and in two words above", () => {
    expect(formatDuration(0.412)).toBe("412 ms");
    expect(formatDuration(31.2)).toBe("31.2 s");
    expect(formatDuration(99.94)).toBe("99.9 s");
    expect(formatDuration(99.96)).toBe("1 min 40 s");
    expect(formatDuration(724)).toBe("12 min 4 s");
    expect(formatDuration(3599.7)).toBe("1 h");
    expect(formatDuration(11_520)).toBe("3 h 12 min");
    expect(formatDuration(183_600)).toBe("2 d 3 h");
  });

  it("as a clock keeps its seconds two digits wide", () => {
    expect(formatClock(31.9)).toBe("0:31");
    expect(formatClock(724)).toBe("12:04");
    expect(formatClock(11_524)).toBe("3:12:04");
  });

  it("of a run's start is said from where the reader is", () => {
    const now = new Date(2026, 10, 24, 15, 0);
    const local = (...at: [number, number, number, number, number]) => new Date(...at).toISOString();
    expect(formatMoment(local(2026, 10, 24, 12, 4), now)).toBe("today 12:04");
    expect(formatMoment(local(2026, 10, 23, 9, 12), now)).toBe("yesterday 09:12");
    expect(formatMoment(local(2026, 10, 3, 12, 4), now)).toBe("3 Nov 12:04");
    expect(formatMoment(local(2025, 10, 3, 12, 4), now)).toBe("3 Nov 2025 12:04");
    expect(formatMoment("</script>", now)).toBe("–");
  });
});

describe("a share", () => {
  it("has two significant digits and at most one decimal", () => {
    expect(formatShare(0.2091)).toBe("21 %");
    expect(formatShare(0.0213)).toBe("2.1 %");
    expect(formatShare(0.0004)).toBe("< 0.1 %");
    expect(formatShare(0)).toBe("0 %");
    expect(formatShare(1)).toBe("100 %");
  });

  it("shows its error, and says so where the error is larger", () => {
    expect(formatShare(0.21, 0.012)).toBe("21 ± 1 %");
    expect(formatShare(0.21, 0.0001)).toBe("21 %");
    expect(formatShare(0.02, 0.03)).toBe("too short to say");
  });

  it("of an error is left out below 0.1 %", () => {
    expect(formatRelativeError(0.01)).toBe("±1 %");
    expect(formatRelativeError(0.0043)).toBe("±0.4 %");
    expect(formatRelativeError(0.0004)).toBeUndefined();
    expect(formatRelativeError(undefined)).toBeUndefined();
  });

  it("of a whole is said in one unit where that can be read", () => {
    expect(formatPartOfWhole(260.1, 1243.2, "J")).toBe("260 of 1,243 J");
    expect(formatPartOfWhole(26.01, 124.3, "J")).toBe("26.0 of 124 J");
    expect(formatPartOfWhole(1.2, 5e6, "J")).toBe("1.20 J of 5.00 MJ");
    expect(formatPartOfWhole(undefined, 5, "J")).toBe("–");
  });
});

describe("the rest", () => {
  it("counts with commas", () => {
    expect(formatCount(1_234_567)).toBe("1,234,567");
    expect(plural(1, "iteration")).toBe("1 iteration");
    expect(plural(1024, "iteration")).toBe("1,024 iterations");
  });

  it("gives bytes in SI units, whole below 1 kB", () => {
    expect(formatBytes(512)).toBe("512 B");
    expect(formatBytes(61_200_000)).toBe("61.2 MB");
  });

  it("gives a number made of several sources the least certain one", () => {
    expect(weakestSource(["measured", "estimated", "integrated"])).toBe("estimated");
    expect(weakestSource([])).toBeUndefined();
    expect(formatSourced("260 J", "measured")).toBe("260 J ●");
    expect(formatSourced("–", "measured")).toBe("–");
  });
});
