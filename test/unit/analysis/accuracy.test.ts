import { describe, expect, it } from "vitest";
import { accuracyOf, simulatedMeters } from "../../bench/meters/accuracy";

/** Two hundred in `npm run bench:meters`; so many tell a formula that is wrong from one that is right. */
const runs = 30;

describe("the energy of a run with bursts, through the sampler's own code", () => {
  it.each(simulatedMeters.map((meter) => [meter.name, meter] as const))(
    "is as uncertain as it says: %s",
    (_name, meter) => {
      const { told, covered, width } = accuracyOf(meter, 5, runs);
      expect(told).toBe(1);
      expect(covered).toBeGreaterThanOrEqual(0.86);
      expect(width).toBeLessThan(2.3);
    },
  );

  it("is within 1 % from ten seconds on with a counter of 100 ms", () => {
    const slow = simulatedMeters.find(({ name }) => name === "counter, 100 ms")!;
    expect(accuracyOf(slow, 10, runs).worstPercent).toBeLessThan(1);
  });
});
