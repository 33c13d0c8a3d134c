import { describe, expect, it } from "vitest";
import type { EnergyAboveIdle } from "../../../src/analysis/aboveIdle";
import { cellSpoken, cellText, cellTooltip } from "../../../src/editor/notebook/text";
import type { Device } from "../../../src/model/device";

const cpu: Device = { id: "rapl:0", kind: "cpu", name: "package-0", meter: "rapl", source: "measured", counted: true };
const part = { device: cpu, totalJ: 136, idlePowerW: 30, aboveIdleJ: 41.2, errorJ: 0.6 };
const measured: EnergyAboveIdle = {
  durationS: 3.2,
  totalJ: 136,
  aboveIdleJ: 41.2,
  errorJ: 0.6,
  source: "measured",
  devices: [part],
  settled: true,
};
const { aboveIdleJ: _, errorJ: __, ...unsure } = measured;

describe("the line below a notebook's cell", () => {
  it("has joules above idle with their error, and seconds", () => {
    expect(cellText(measured, 3.2)).toBe("$(zap) 41.2 ± 0.6 J · 3.20 s");
    expect(cellSpoken(measured, 3.2)).toBe("Wattline: 41.2 plus or minus 0.6 J above idle, 3.20 s");
  });

  it("marks an estimate, gives a bound where the cell was too short, and a dash where nothing is known", () => {
    expect(cellText({ ...measured, source: "estimated", errorJ: 28 }, 3.2)).toBe("$(zap) ~41.2 ± 28.0 J · 3.20 s");
    expect(cellText({ ...unsure, atMostJ: 0.4 }, 0.012)).toBe("$(zap) ≤ 400 mJ · 12.0 ms");
    expect(cellText({ ...unsure, source: "estimated", atMostJ: 4 }, 0.012)).toBe("$(zap) ~≤ 4 J · 12.0 ms");
    expect(cellText({ ...unsure, atMostJ: 0.07 }, 0)).toBe("$(zap) ≤ 70 mJ · < 1 ms");
    expect(cellText(unsure, 3.2)).toBe("$(zap) – · 3.20 s");
    expect(cellText(undefined, 3.2)).toBe("$(zap) – · 3.20 s");
    expect(cellSpoken(undefined, 3.2)).toBe("Wattline: energy not known, 3.20 s");
  });

  it("says on hover what was measured, of which devices, from which source and how", () => {
    const text = cellTooltip(measured, 3.2, false);
    expect(text).toContain("This machine used 41.2 ± 0.6 J above idle in 3.20 s.");
    expect(text).toContain("package-0: 41.2 ± 0.6 J above idle (30.0 W), 136 J in all, ● measured");
    expect(text).toContain("Measured from outside of the kernel");
    expect(text).not.toContain("Another cell");
    expect(cellTooltip(measured, 3.2, true)).toContain("Another cell ran at the same time");
  });

  it("says on hover why a number is missing", () => {
    expect(cellTooltip(undefined, 3.2, false)).toContain("have not come");
    expect(cellTooltip(unsure, 3.2, false)).toContain("136 J in all; what it draws at idle has not been seen yet");
    const { totalJ: ___, ...unread } = unsure;
    expect(cellTooltip(unread, 3.2, false)).toContain("run the cell again");
    expect(cellTooltip({ ...unread, devices: [] }, 3.2, false)).toContain("No meter could be read");
    expect(cellTooltip({ ...unsure, atMostJ: 0.4 }, 3.2, false)).toContain("≤ 400 mJ above idle");
  });
});
