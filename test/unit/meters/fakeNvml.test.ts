/** The rig itself: the meter, pynvml and the peers are judged by it, so it is judged first. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { type FakeMachine, FakeNvml } from "../../fixtures/fake-nvml/scenario";

let fake: FakeNvml | undefined;
afterEach(() => {
  fake?.dispose();
  fake = undefined;
});

/** A process with the library as `lib` and the first GPU as `gpu`; `program` may print. */
function inProcess(machine: FakeMachine, program: string, killAfterOutputMs?: number) {
  fake = new FakeNvml(machine);
  const koffi = resolve(__dirname, "../../../node_modules/koffi");
  const source = `
    const koffi = require(${JSON.stringify(koffi)});
    const library = koffi.load(process.env.WATTLINE_NVML_LIBRARY);
    const call = (name, ...types) => library.func(name, "int32_t", types);
    call("nvmlInit_v2")();
    const handle = new BigUint64Array(1);
    call("nvmlDeviceGetHandleByIndex_v2", "uint32_t", "void *")(0, handle);
    const gpu = Number(handle[0]);
    const mj = new BigUint64Array(1);
    const energy = call("nvmlDeviceGetTotalEnergyConsumption", "uintptr_t", "void *");
    const truth = library.func("fakeNvmlTrueEnergyJ", "double", ["uint32_t", "double", "double"]);
    ${program}`;
  const child = spawn(process.execPath, ["-e", source], { env: { ...process.env, ...fake.env } });
  let output = "";
  let timer: NodeJS.Timeout | undefined;
  child.stdout.on("data", (data) => {
    output += data;
    if (killAfterOutputMs !== undefined) timer ??= setTimeout(() => child.kill("SIGKILL"), killAfterOutputMs);
  });
  return new Promise<{ output: string; code: number | null; signal: string | null }>((done) =>
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      done({ output, code, signal });
    }),
  );
}

describe("the fake NVML", () => {
  it("has the same truth in C as in TypeScript, whatever the power", async () => {
    const samples = fc.sample(
      fc.array(
        fc.record({
          lengthS: fc.double({ min: 0.001, max: 2, noNaN: true }),
          watts: fc.double({ min: 10, max: 700, noNaN: true }),
          ramp: fc.boolean(),
        }),
        { minLength: 1, maxLength: 8 },
      ),
      { seed: 5, numRuns: 16 },
    );
    const gpus = samples.map((steps, index) => {
      let atS = 0;
      const power = steps.map(({ lengthS, watts, ramp }, step) => ({
        atS: step === 0 ? 0 : (atS += lengthS),
        watts,
        ramp,
      }));
      return { power, ...(index % 2 === 0 ? { repeatS: atS + 0.5 } : {}) };
    });
    const spans = [
      [0, 1],
      [0.1234, 3.3],
      [0, 20.5],
    ] as const;
    const { output } = await inProcess(
      { gpus },
      `console.log(JSON.stringify(${JSON.stringify(gpus)}.map((_, i) => ${JSON.stringify(spans)}.map(([a, b]) => truth(i, a, b)))))`,
    );
    const inC = JSON.parse(output) as number[][];
    const inTypeScript = gpus.map((_, gpu) => spans.map(([fromS, toS]) => fake!.trueEnergyJ(gpu, fromS, toS)));
    for (const [gpu, row] of inTypeScript.entries()) {
      for (const [span, energyJ] of row.entries()) expect(inC[gpu]![span]).toBeCloseTo(energyJ, 4);
    }
  });

  it("publishes its counter at the set period, in its own time", async () => {
    const { output } = await inProcess(
      { gpus: [{ counterPeriodS: 0.02, power: [{ atS: 0, watts: 500 }] }] },
      `const seen = new Set();
       const end = Date.now() + 500;
       while (Date.now() < end) { energy(gpu, mj); seen.add(mj[0]); }
       console.log(JSON.stringify({ changes: seen.size, stepsMj: [...seen].slice(1).map((v, i) => Number(v - [...seen][i])) }));`,
    );
    const { changes, stepsMj } = JSON.parse(output) as { changes: number; stepsMj: number[] };
    // 25 in half a second; a stall of the test may skip some.
    expect(changes).toBeGreaterThanOrEqual(8);
    expect(changes).toBeLessThanOrEqual(27);
    // 500 W x 20 ms = 10 J: each step is that, or a whole number of them where some were skipped.
    const periods = stepsMj.map((step) => Math.round(step / 10_000));
    expect(periods.every((count) => count >= 1)).toBe(true);
    expect(stepsMj.every((step, index) => Math.abs(step - 10_000 * periods[index]!) <= periods[index]!)).toBe(true);
  });

  it("takes as long in a call as it is told to", async () => {
    const { output } = await inProcess(
      { gpus: [{}], latencyS: 0.002 },
      `const start = process.hrtime.bigint();
       for (let i = 0; i < 50; i++) energy(gpu, mj);
       console.log(Number(process.hrtime.bigint() - start) / 1e9 / 50);`,
    );
    expect(Number(output)).toBeGreaterThanOrEqual(0.002);
  });

  it("hangs so that only killing ends it", async () => {
    const hang = {
      gpus: [{ faults: [{ kind: "hang", function: "nvmlDeviceGetTotalEnergyConsumption", seconds: 60 }] }],
    } as const;
    const { output, signal } = await inProcess(
      hang,
      `console.log("before"); energy(gpu, mj); console.log("after");`,
      700,
    );
    expect(output).toBe("before\n");
    expect(signal).toBe("SIGKILL");
  });

  it("crashes the process that asks", async () => {
    const crash = { gpus: [{ faults: [{ kind: "crash", function: "nvmlDeviceGetTotalEnergyConsumption" }] }] } as const;
    const { signal, code } = await inProcess(crash, "energy(gpu, mj); console.log('after');");
    expect(signal ?? code).toBe("SIGSEGV");
  });

  it("writes what the GPUs really used, and what was set", async () => {
    await inProcess(
      { gpus: [{ uuid: "GPU-1", power: [{ atS: 0, watts: 100 }] }], maySet: true },
      `call("nvmlDeviceSetPowerManagementLimit", "uintptr_t", "uint32_t")(gpu, 300000);
       setTimeout(() => process.exit(0), 300);`,
    );
    const [set, used] = readFileSync(fake!.truthPath, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(set).toEqual({ uuid: "GPU-1", call: "nvmlDeviceSetPowerManagementLimit", arguments: [300000, 0] });
    expect(used.energyJ).toBeCloseTo(100 * (used.toS - used.fromS), 2);
    expect(used.toS - used.fromS).toBeGreaterThan(0.29);
  });
});
