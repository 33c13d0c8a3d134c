import { describe, expect, it } from "vitest";
import { DisposableStore } from "../../../src/editor/shared/disposableStore";

describe("a store of what has to be disposed", () => {
  it("disposes the last first", () => {
    const order: number[] = [];
    const store = new DisposableStore();
    for (const number of [1, 2, 3]) store.defer(() => order.push(number));
    store.dispose();
    expect(order).toEqual([3, 2, 1]);
  });

  it("disposes a late arrival at once, and everything once", () => {
    let count = 0;
    const store = new DisposableStore();
    store.dispose();
    store.add({ dispose: () => count++ });
    store.dispose();
    expect(count).toBe(1);
  });

  it("disposes everything even where a part of it throws", () => {
    let reached = false;
    const store = new DisposableStore();
    store.defer(() => (reached = true));
    store.defer(() => {
      throw new Error("broken");
    });
    expect(() => store.dispose()).toThrow("broken");
    expect(reached).toBe(true);
  });
});
