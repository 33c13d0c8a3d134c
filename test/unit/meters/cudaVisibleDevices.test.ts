import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { selectGpus } from "../../../src/meters/nvml/cudaVisibleDevices";

const gpus = [
  { uuid: "GPU-8932f937-d72c-4106-c12f-20bd9faed9f6", name: "A", slices: [] },
  { uuid: "GPU-8932aaaa-0000-0000-0000-000000000000", name: "A", slices: ["MIG-11112222", "MIG-1111ffff"] },
  { uuid: "GPU-5e8f0000-0000-0000-0000-000000000000", name: "A", slices: [] },
];

const use = (variable: string | undefined) => selectGpus(variable, gpus, undefined).use;

describe("CUDA_VISIBLE_DEVICES", () => {
  it.each([
    [undefined, ["whole", "whole", "whole"]],
    ["", ["none", "none", "none"]],
    ["0,2", ["whole", "none", "whole"]],
    [" 2 , 0", ["whole", "none", "whole"]],
    ["-1", ["none", "none", "none"]],
    ["1,-1,2", ["none", "whole", "none"]],
    ["0,9,2", ["whole", "none", "none"]],
    ["NoDevFiles", ["none", "none", "none"]],
    ["GPU-5e8f0000-0000-0000-0000-000000000000", ["none", "none", "whole"]],
    ["GPU-8932f", ["whole", "none", "none"]],
    ["GPU-8932", ["none", "none", "none"]],
    ["MIG-1111f", ["none", "slice", "none"]],
    ["MIG-GPU-8932aaaa-0000-0000-0000-000000000000/1/0", ["none", "slice", "none"]],
    ["MIG-11112222,1", ["none", "whole", "none"]],
  ] as const)("%j selects %j", (variable, expected) => {
    expect(use(variable)).toEqual(expected);
  });

  it("doubts numbers where GPUs differ and CUDA may count the fastest first", () => {
    const mixed = [gpus[0]!, { ...gpus[2]!, name: "B" }];
    expect(selectGpus("0", mixed, undefined).doubt).toContain("CUDA_DEVICE_ORDER=PCI_BUS_ID");
    expect(selectGpus("0", mixed, "PCI_BUS_ID").doubt).toBeUndefined();
    expect(selectGpus("GPU-5e8f", mixed, undefined).doubt).toBeUndefined();
  });

  it("answers any text with one use a GPU", () => {
    fc.assert(
      fc.property(fc.string(), (variable) => {
        expect(use(variable)).toHaveLength(gpus.length);
      }),
    );
  });
});
