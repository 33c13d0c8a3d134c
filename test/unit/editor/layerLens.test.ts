import { describe, expect, it } from "vitest";
import { layerLines, lensTitle } from "../../../src/editor/layerLens/lines";
import { convolution, reportOf } from "../analysis/efficiency/table";

const file = "/home/user/net.py";

function made(name: string, line: number, timeS: number, path = file) {
  const row = convolution({ name, from: 256, to: 256, size: 56, kernel: 3, groups: 256, timeS });
  return { ...row, layer: { ...row.layer, path, line } };
}

describe("what stands above the lines that make layers", () => {
  it("is the share of the time, the efficiency and what binds, of all layers that a line makes", () => {
    const report = reportOf([made("a.0", 7, 30e-6), made("a.1", 7, 30e-6), made("b", 9, 40e-6)]);
    const lines = layerLines(report, file);
    expect(lines.map(({ line, layers }) => [line, layers])).toEqual([
      [7, "2 layers"],
      [9, "1 layer"],
    ]);
    expect(lines[0]!.summary).toMatch(/^60 % of time · [\d.]+ % efficient · memory-bound$/);
  });

  it("leaves out lines of other files and layers that hardly take time", () => {
    const report = reportOf([made("a", 7, 100e-6), made("b", 8, 0.5e-6), made("c", 9, 50e-6, "/elsewhere/net.py")]);
    expect(layerLines(report, file).map(({ line }) => line)).toEqual([7]);
  });

  it("says when the file was changed since", () => {
    expect(lensTitle("12 % of time", false)).toBe("$(graph) 12 % of time");
    expect(lensTitle("12 % of time", true)).toBe("$(graph) 12 % of time (before edit)");
  });
});
