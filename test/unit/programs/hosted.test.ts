import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Report } from "../../../src/model/report";
import { readRun } from "../../../src/store/readRun";
import { type FakeGpu, FakeNvml, type Fault } from "../../fixtures/fake-nvml/scenario";
import { type DrivenPowercap, drivenPowercap } from "../../fixtures/fake-powercap/driver";
import { childrenOf, isHost, isSampler, processesWith } from "./processes";
import { type Ended, manifestAt, newFolder, onlyRun, until, wattline } from "./wattline";

const cpuW = 42;
const energyFunction = "nvmlDeviceGetTotalEnergyConsumption";
/** Bursts between 60 and 260 W. */
const gpu: FakeGpu = {
  architecture: 8,
  counterPeriodS: 0.1,
  power: [
    { atS: 0, watts: 60 },
    { atS: 0.37, watts: 260 },
  ],
  repeatS: 0.61,
};

let powercap: DrivenPowercap;
let fake: FakeNvml | undefined;

beforeEach(async () => {
  powercap = await drivenPowercap({ idleW: cpuW, idleDramW: 4 });
});

afterEach(async () => {
  const path = fake?.env.WATTLINE_FAKE_NVML;
  // No process of ours is left after any run, whatever the driver did to it.
  if (path)
    await until(() => processesWith("WATTLINE_FAKE_NVML", path).length === 0, "all processes have ended", 5_000);
  fake?.dispose();
  fake = undefined;
  await powercap.stop();
});

interface Outcome extends Ended {
  readonly report: Report;
  readonly runPath: string;
  readonly tookS: number;
}

/** `wattline run` of a command of `seconds` that ends with exit code 3, on a machine of these GPUs. */
async function run(gpus: readonly FakeGpu[], seconds: number): Promise<Outcome> {
  fake = new FakeNvml({ gpus });
  const cwd = newFolder();
  const startedAt = performance.now();
  const args = ["run", "--json=report.json", "--", "sh", "-c", `sleep ${seconds}; exit 3`];
  const ended = await wattline(args, { cwd, env: { ...fake.env, WATTLINE_POWERCAP_ROOT: powercap.root } }).ended;
  const tookS = (performance.now() - startedAt) / 1000;
  const report = JSON.parse(readFileSync(join(cwd, "report.json"), "utf8")) as Report;
  return { ...ended, report, runPath: onlyRun(cwd), tookS };
}

const fault = (fields: Fault): FakeGpu => ({ ...gpu, faults: [fields] });
const devices = ({ report }: Outcome, kind: string) => report.devices.filter((device) => device.kind === kind);

/** Scenario time at which the run's time is 0. */
const offsetS = ({ runPath }: Outcome) => manifestAt(runPath).startedMonotonicS - fake!.startS;

function trueGpuJ(outcome: Outcome, index: number): number {
  const { child, end } = manifestAt(outcome.runPath);
  const zeroS = offsetS(outcome);
  return fake!.trueEnergyJ(index, zeroS + child!.startS!, zeroS + end!.timeS);
}

/** The command ended as it would have without us, and no other meter noticed anything. */
function expectUndisturbed(outcome: Outcome, seconds: number): void {
  expect(outcome.code).toBe(3);
  expect(outcome.tookS).toBeLessThan(seconds + 3.5);
  expect(outcome.report.run.durationS).toBeLessThan(seconds + 0.5);
  const cpu = outcome.report.devices.find(({ kind, counted }) => kind === "cpu" && counted)!;
  expect(Math.abs(cpu.energyJ! / (cpuW * outcome.report.run.durationS) - 1)).toBeLessThan(0.01);
  expect(cpu.lost).toBeUndefined();
}

describe("a driver's call that takes a minute", () => {
  it("costs the run its GPU from then on and nothing else; what was read before is kept", async () => {
    const fromS = 2.5;
    const outcome = await run([fault({ kind: "hang", function: energyFunction, seconds: 60, fromS })], 5);
    expectUndisturbed(outcome, 5);
    const [device] = devices(outcome, "gpu");
    const lost = device!.lost!;
    expect(lost).toHaveLength(1);
    const atS = fromS - offsetS(outcome);
    // Known to the last sign of life, half a second at most before.
    expect(lost[0]!.fromS).toBeGreaterThan(atS - 0.6);
    expect(lost[0]!.fromS).toBeLessThan(atS + 0.05);
    expect(lost[0]!.toS).toBeGreaterThan(outcome.report.run.durationS - 0.1);
    expect(lost[0]!.reason).toBe("A call into the driver did not return within 2 s.");
    expect(outcome.report.warnings.map(({ code }) => code)).toContain("meter-lost");
    const samples = (await readRun(outcome.runPath)).samples.get(device!.id)!;
    // All updates up to a tenth of a second before the hang were read and are there.
    expect(samples.timeS.at(-1)!).toBeGreaterThan(atS - 0.25);
    expect(samples.timeS.at(-1)!).toBeLessThan(atS + 0.05);
  });

  it("while devices are looked for delays the command by the deadline and no more", async () => {
    const outcome = await run([fault({ kind: "hang", seconds: 60 })], 1);
    expect(outcome.code).toBe(3);
    expect(outcome.tookS).toBeLessThan(1 + 5.5);
    expect(devices(outcome, "gpu")).toEqual([]);
    const [reason] = manifestAt(outcome.runPath).unavailable.filter(({ meter }) => meter === "nvml");
    expect(reason).toMatchObject({ reason: "The driver did not answer within 4 s." });
    expect(devices(outcome, "cpu").find(({ counted }) => counted)!.energyJ).toBeGreaterThan(0);
  });

  it("lets `wattline meters` answer within the deadline, with the other meters", async () => {
    fake = new FakeNvml({ gpus: [fault({ kind: "hang", seconds: 60 })] });
    const startedAt = performance.now();
    const env = { ...fake.env, WATTLINE_POWERCAP_ROOT: powercap.root };
    const { code, stdout } = await wattline(["meters", "--json"], { env }).ended;
    expect(performance.now() - startedAt).toBeLessThan(7_000);
    expect(code).toBe(0);
    const answer = JSON.parse(stdout);
    expect(answer.devices.map(({ meter }: { meter: string }) => meter)).toContain("rapl");
    expect(answer.unavailable).toContainEqual(
      expect.objectContaining({ meter: "nvml", reason: expect.stringContaining("did not answer") }),
    );
  });
});

describe("a driver's call that crashes its process", () => {
  it("is a gap of a second or two, over which the energy is counted by the hardware", async () => {
    const outcome = await run([fault({ kind: "crash", function: energyFunction, fromS: 2.5, toS: 3 })], 6);
    expectUndisturbed(outcome, 6);
    const [device] = devices(outcome, "gpu");
    const atS = 2.5 - offsetS(outcome);
    expect(device!.lost).toHaveLength(1);
    expect(device!.lost![0]!.fromS).toBeLessThan(atS + 0.05);
    expect(device!.lost![0]!.toS).toBeGreaterThan(atS + 0.5);
    expect(device!.lost![0]!.toS).toBeLessThan(atS + 3);
    expect(device!.lost![0]!.reason).toMatch(/library crashed the process.*SIG(SEGV|BUS)/);
    expect(Math.abs(device!.energyJ! / trueGpuJ(outcome, 0) - 1)).toBeLessThan(0.02);
    const samples = (await readRun(outcome.runPath)).samples.get(device!.id)!;
    for (let at = 1; at < samples.energyJ.length; at++) {
      expect(samples.energyJ[at]!).toBeGreaterThanOrEqual(samples.energyJ[at - 1]!);
    }
  });

  it("again and again is tried again later and later", async () => {
    const outcome = await run([fault({ kind: "crash", function: energyFunction, fromS: 2.5 })], 7);
    expectUndisturbed(outcome, 7);
    const waits = [...outcome.stderr.matchAll(/Trying again in (\d+) s/g)].map(([, seconds]) => Number(seconds));
    expect(waits.slice(0, 2)).toEqual([1, 2]);
    expect(waits.length).toBeLessThan(4);
    const [device] = devices(outcome, "gpu");
    expect(device!.lost).toHaveLength(1);
    expect(device!.lost![0]!.toS).toBeGreaterThan(outcome.report.run.durationS - 0.1);
  });
});

describe("a GPU that is lost and returns", () => {
  it("is marked lost for that time and counted again afterwards, in a fresh process", async () => {
    const [fromS, toS] = [2.5, 7];
    const outcome = await run([fault({ kind: "lose", fromS, toS })], 16);
    expectUndisturbed(outcome, 16);
    const [device] = devices(outcome, "gpu");
    expect(outcome.stderr).toMatch(/nvml is lost.*Trying again in 1 s/);
    expect(device!.lost).toHaveLength(1);
    const zeroS = offsetS(outcome);
    expect(device!.lost![0]!.fromS).toBeGreaterThan(fromS - zeroS - 0.6);
    expect(device!.lost![0]!.fromS).toBeLessThan(fromS - zeroS + 0.1);
    expect(device!.lost![0]!.toS).toBeGreaterThan(toS - zeroS - 0.1);
    // A fresh process, a second of back-off and five until a missing GPU is looked for again.
    expect(device!.lost![0]!.toS).toBeLessThan(toS - zeroS + 7);
    expect(device!.lost![0]!.reason).toMatch(/GPU is lost/);
    expect(outcome.report.warnings.map(({ code }) => code)).toContain("meter-lost");
    const samples = (await readRun(outcome.runPath)).samples.get(device!.id)!;
    expect(samples.timeS.at(-1)).toBeGreaterThan(outcome.report.run.durationS - 0.5);
    expect(samples.timeS.filter((timeS) => timeS < fromS - zeroS).length).toBeGreaterThan(5);
  });

  it("costs the other GPUs of the same driver nothing", async () => {
    const outcome = await run([fault({ kind: "lose", fromS: 2.5, toS: 5 }), gpu], 7);
    expectUndisturbed(outcome, 7);
    const [lost, other] = devices(outcome, "gpu");
    expect(lost!.lost).toHaveLength(1);
    expect(other!.lost).toBeUndefined();
    expect(Math.abs(other!.energyJ! / trueGpuJ(outcome, 1) - 1)).toBeLessThan(0.02);
  });
});

describe("the process that reads a driver", () => {
  it("ends with its sampler, also inside a call that hangs", async () => {
    fake = new FakeNvml({ gpus: [fault({ kind: "hang", function: energyFunction, seconds: 60, fromS: 3 })] });
    const cwd = newFolder();
    const env = { ...fake.env, WATTLINE_POWERCAP_ROOT: powercap.root };
    const path = fake.env.WATTLINE_FAKE_NVML!;
    const running = wattline(["run", "--", "sh", "-c", "sleep 5; exit 3"], { cwd, env });
    const ours = () => processesWith("WATTLINE_FAKE_NVML", path);
    await until(() => ours().some(isHost) && Number(process.hrtime.bigint()) / 1e9 - fake!.startS > 3.5, "the hang");
    const [host] = ours().filter(isHost);
    const [sampler] = ours().filter(isSampler);
    process.kill(sampler!.pid, "SIGKILL");
    await until(() => !ours().some(({ pid }) => pid === host!.pid), "the host has ended", 1_000);
    // Between a child's death and its parent's notice of it, it is one for a moment.
    await until(() => childrenOf(running.child.pid!).every(({ state }) => state !== "Z"), "no zombie stays", 2_000);
    expect((await running.ended).code).toBe(3);
    expect(manifestAt(onlyRun(cwd)).end?.lost.map(({ reason }) => reason)).toContain("The sampler ended early.");
  });
});
