import { describe, expect, it } from "vitest";
import { LossTracker, mergeSpans } from "../../../src/recording/lossTracker";

describe("spans in which a device is lost", () => {
  it("last from the last good reading to the next one and keep the first reason", () => {
    const losses = new LossTracker();
    losses.poll("gpu", 1, undefined);
    losses.poll("gpu", 1.1, "fell off the bus");
    losses.poll("gpu", 5, "still gone");
    losses.poll("gpu", 6, undefined);
    losses.poll("cpu", 6, undefined);
    expect(losses.until(10)).toEqual([{ device: "gpu", fromS: 1, toS: 6, reason: "fell off the bus" }]);
  });

  it("are not made of a single failed reading", () => {
    const losses = new LossTracker();
    for (let tick = 0; tick < 20; tick++) losses.poll("cpu", tick / 10, tick % 5 === 1 ? "busy" : undefined);
    expect(losses.until(2)).toEqual([]);
  });

  it("end with the run where the device never came back", () => {
    const losses = new LossTracker();
    losses.poll("gpu", 0, "no permission");
    expect(losses.until(7)).toEqual([{ device: "gpu", fromS: 0, toS: 7, reason: "no permission" }]);
  });
});

describe("spans from several processes", () => {
  it("are one where they touch, a device at a time", () => {
    const span = (device: string, fromS: number, toS: number, reason: string) => ({ device, fromS, toS, reason });
    const spans = [
      span("b", 1, 2, "hung"),
      span("a", 5, 9, "second"),
      span("a", 1, 6, "first"),
      span("a", 10, 12, "x"),
    ];
    expect(mergeSpans(spans)).toEqual([span("a", 1, 9, "first"), span("a", 10, 12, "x"), span("b", 1, 2, "hung")]);
  });
});
