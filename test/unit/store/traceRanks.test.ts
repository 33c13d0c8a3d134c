import { describe, expect, it } from "vitest";
import { TraceReader } from "../../../src/store/trace";
import { traceHeader } from "./everyRun";

function read(rows: readonly unknown[]) {
  const reader = new TraceReader("rank-0-77.jsonl", 1000);
  const lines = [traceHeader, ...rows].map((row) => `${JSON.stringify(row)}\n`).join("");
  reader.feed(Buffer.from(lines));
  return { trace: reader.trace()!, skipped: reader.skipped };
}

describe("rows of several ranks", () => {
  it("gives collectives and pipeline operations on the run's clock", () => {
    const { trace, skipped } = read([
      ["x", "all_reduce", 3, 1002.5, 0.25, "0", 7, 4096],
      ["x", "recv", -1, 1003, 0.5, "0>1", 0, -1],
      ["g", "F", 1, 4, 0, 3, 1004, 0.125],
      ["g", "B", 0, 2, 1, 3, 1005, 0.25],
    ]);
    expect(skipped).toBe(0);
    expect(trace.collectives).toEqual([
      { operation: "all_reduce", iteration: 3, startS: 2.5, durationS: 0.25, group: "0", sequence: 7, bytes: 4096 },
      { operation: "recv", iteration: -1, startS: 3, durationS: 0.5, group: "0>1", sequence: 0 },
    ]);
    expect(trace.operations).toEqual([
      { pass: "forward", stage: 1, microbatch: 4, chunk: 0, iteration: 3, startS: 4, durationS: 0.125 },
      { pass: "backward", stage: 0, microbatch: 2, chunk: 1, iteration: 3, startS: 5, durationS: 0.25 },
    ]);
  });

  it("says nothing of ranks where there are no such rows", () => {
    const { trace } = read([["s", "forward", 0, 1001, 0.1, 12, 0]]);
    expect("collectives" in trace || "operations" in trace).toBe(false);
  });

  it.each([
    ["a group that is no text", ["x", "all_reduce", 3, 1002.5, 0.25, 0, 7, 4096]],
    ["a number below 0", ["x", "all_reduce", 3, 1002.5, 0.25, "0", -1, 4096]],
    ["a negative duration", ["x", "all_reduce", 3, 1002.5, -0.25, "0", 7, 4096]],
    ["a pass that is neither", ["g", "W", 1, 4, 0, 3, 1004, 0.125]],
    ["a stage that is no number", ["g", "F", "1", 4, 0, 3, 1004, 0.125]],
    ["no duration", ["g", "F", 1, 4, 0, 3, 1004]],
  ])("skips a row with %s and counts it", (_, row) => {
    const { trace, skipped } = read([row, ["g", "F", 1, 4, 0, 3, 1004, 0.125]]);
    expect(skipped).toBe(1);
    expect(trace.operations).toHaveLength(1);
    expect(trace.collectives).toBeUndefined();
  });
});
