import { describe, expect, it } from "vitest";
import { HostedEnergy } from "../../../src/recording/hostedEnergy";

const sample = (timeS: number, energyJ: number) => ({ deviceId: "gpu", timeS, timeErrorS: 0, energyJ });

describe("the energy of a device that several processes read one after another", () => {
  it("goes on with what the hardware counted in between", () => {
    const energy = new HostedEnergy(["gpu"]);
    energy.opened([1_000], 0);
    expect(energy.continued(sample(5, 500)).energyJ).toBe(500);
    energy.opened([1_800], 8);
    expect(energy.continued(sample(9, 50)).energyJ).toBe(500 + 300 + 50);
    energy.opened([1_860], 12);
    expect(energy.continued(sample(13, 5)).energyJ).toBe(865);
  });

  it("begins with the first process, also where that gave no sample", () => {
    const energy = new HostedEnergy(["gpu"]);
    energy.opened([1_000], 0);
    energy.opened([1_200], 4);
    expect(energy.continued(sample(5, 10)).energyJ).toBe(210);
  });

  it.each([
    ["was set back", 20],
    ["rose by more than any device can use", 1e9],
    ["is not known", null],
  ])("invents nothing where the counter %s", (_, counterJ) => {
    const energy = new HostedEnergy(["gpu"]);
    energy.opened([1_000], 0);
    energy.continued(sample(5, 500));
    energy.opened([counterJ], 8);
    expect(energy.continued(sample(9, 50)).energyJ).toBe(550);
  });

  it("has no second opinion any more once power was not read for a while", () => {
    const energy = new HostedEnergy(["gpu"]);
    energy.opened([0], 0);
    const both = { ...sample(1, 10), energyIntegratedJ: 11 };
    expect(energy.continued(both)).toEqual(both);
    energy.opened([20], 3);
    expect(energy.continued(both)).toEqual(sample(1, 30));
  });
});
