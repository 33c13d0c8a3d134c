import { describe, expect, it } from "vitest";
import { gpuCalled, gpuNames, gpuOfDriver } from "../../../src/model/gpus";

describe("a GPU by its driver's name", () => {
  it.each([
    ["NVIDIA H100 80GB HBM3", "H100 SXM5"],
    ["NVIDIA H100 PCIe", "H100 PCIe"],
    ["NVIDIA H200", "H200 SXM"],
    ["NVIDIA H200 NVL", "H200 NVL"],
    ["NVIDIA A100-SXM4-80GB", "A100 80GB SXM4"],
    ["NVIDIA A100-PCIE-40GB", "A100 40GB PCIe"],
    ["NVIDIA A10", "A10"],
    ["NVIDIA A10G", "A10G"],
    ["NVIDIA A40", "A40"],
    ["NVIDIA L4", "L4"],
    ["NVIDIA L40", "L40"],
    ["NVIDIA L40S", "L40S"],
    ["Tesla V100-SXM2-32GB", "V100 SXM2"],
    ["Tesla T4", "T4"],
    ["NVIDIA GeForce RTX 4090", "RTX 4090"],
    ["AMD Instinct MI300X OAM", "MI300X"],
    ["NVIDIA GB200", "GB200 (per GPU)"],
  ])("%s is the %s", (driver, name) => {
    expect(gpuOfDriver(driver)?.name).toBe(name);
  });

  it.each([
    "NVIDIA RTX A4000",
    "NVIDIA GeForce RTX 4090 Laptop GPU",
    "NVIDIA GeForce RTX 4090 D",
    "NVIDIA GH200 480GB",
    "NVIDIA A100-SXM4-40GB MIG 1g.5gb",
    "GRID T4-8Q",
    "Radeon",
    "",
  ])("%s has no known figures", (driver) => {
    expect(gpuOfDriver(driver)).toBeUndefined();
  });

  it("has the memory that its name says", () => {
    expect(gpuOfDriver("Tesla V100-SXM2-32GB")?.memoryBytes).toBe(32e9);
    expect(gpuOfDriver("Tesla V100-SXM2-16GB")?.memoryBytes).toBe(16e9);
  });

  it("has figures in SI units", () => {
    expect(gpuOfDriver("NVIDIA H100 80GB HBM3")).toMatchObject({
      bandwidthBytesPerS: 3.35e12,
      tdpW: 700,
      computeCapability: 9,
      vendor: "nvidia",
      matmulFraction: 0.803,
    });
    expect(gpuOfDriver("NVIDIA H100 80GB HBM3")!.peakPerS.bf16).toBe(989.5e12);
    expect(gpuOfDriver("AMD Instinct MI300X")).toMatchObject({ vendor: "amd" });
    expect(gpuOfDriver("AMD Instinct MI300X")).not.toHaveProperty("computeCapability");
  });
});

describe("a GPU as people call it", () => {
  it.each([
    ["H100", "H100 SXM5"],
    ["a100", "A100 80GB SXM4"],
    ["A100 40GB", "A100 40GB SXM4"],
    ["h100 pcie", "H100 PCIe"],
    ["4090", "RTX 4090"],
    ["GeForce RTX 3090", "RTX 3090"],
    ["A10", "A10"],
    ["L4", "L4"],
    ["H200", "H200 SXM"],
    ["B200", "B200 SXM"],
  ])("%s is the %s", (word, name) => {
    expect(gpuCalled(word)?.gpu.name).toBe(name);
  });

  it("says what else a word may mean, and finds every name of its own", () => {
    expect(gpuCalled("H100")?.others).toEqual(["H100 NVL", "H100 PCIe"]);
    expect(gpuCalled("H200")?.others).toEqual([]);
    for (const name of gpuNames) expect(gpuCalled(name)?.gpu.name).toBe(name);
    for (const word of ["", "gpu", "RTX", "4090 laptop", "nonsense"])
      expect(gpuCalled(word)?.gpu.name === "RTX 4090" && word !== "RTX").toBe(false);
  });
});
