import { describe, expect, it } from "vitest";
import { SleepingPace } from "../../../src/recording/pace";

const turn = () => new Promise((done) => setImmediate(done));

/** A clock that only sleeping moves; `interrupts` says at which sleeps somebody calls. */
function machine(interrupts: readonly number[] = []) {
  let nowMs = 0;
  const slept: number[] = [];
  const sleep = (milliseconds: number) => {
    slept.push(milliseconds);
    if (interrupts.includes(slept.length)) return true;
    nowMs += milliseconds;
    return false;
  };
  return { pace: new SleepingPace(sleep, () => nowMs), slept, now: () => nowMs };
}

describe("a sampler's pace", () => {
  it("does things when they are due, and sleeps exactly until then", async () => {
    const { pace, slept, now } = machine();
    const done: string[] = [];
    pace.after(30, () => void done.push(`b ${now()}`));
    pace.after(10, () => void done.push(`a ${now()}`));
    pace.after(20, () => void done.push("cancelled")).cancel();
    await turn();
    expect(done).toEqual(["a 10", "b 30"]);
    expect(slept).toEqual([10, 20]);
  });

  it("goes back to Node's loop twice a second, and at once when somebody calls", async () => {
    const long = machine();
    long.pace.after(2_000, () => {});
    await turn();
    expect(long.now()).toBe(500);
    const called = machine([1]);
    called.pace.after(50, () => {});
    await turn();
    expect(called.now()).toBe(0);
    await turn();
    expect(called.now()).toBe(50);
  });

  it("does what comes every so often when it is awake anyway, and no more than a quarter late", async () => {
    const { pace, slept, now } = machine();
    const flushed: number[] = [];
    const poll = () => void pace.after(30, poll);
    pace.every(100, () => void flushed.push(now()));
    poll();
    for (let k = 0; k < 8; k++) await turn();
    expect(flushed.slice(0, 3)).toEqual([120, 210, 300]);
    expect(slept.every((milliseconds) => milliseconds === 30)).toBe(true);
  });

  it("lets Node work while something is not done yet", async () => {
    const { pace, slept } = machine();
    let finish = () => {};
    pace.after(1, () => new Promise<void>((done) => (finish = done)));
    pace.after(5_000, () => {});
    await turn();
    const before = slept.length;
    await turn();
    await turn();
    expect(slept.length).toBe(before);
    finish();
    await turn();
    await turn();
    expect(slept.length).toBeGreaterThan(before);
  });

  it("is told to stay awake: then it uses timers", async () => {
    let slept = 0;
    const pace = new SleepingPace(() => ++slept < 0);
    const done: string[] = [];
    pace.after(5, () => void done.push("before"));
    pace.stayAwake();
    pace.after(10, () => void done.push("after"));
    const repeated = pace.every(5, () => void done.push("again"));
    while (done.filter((word) => word === "again").length < 3) await new Promise((wait) => setTimeout(wait, 5));
    repeated.cancel();
    expect(slept).toBe(0);
    expect(done).toContain("before");
    expect(done).toContain("after");
  });
});
