/** Directed graphs as columns: neighbours, topological order, a cycle by name. */

/** Neighbours of node `i`: `list[start[i]]` to `list[start[i + 1] - 1]`. */
export interface Csr {
  readonly start: Int32Array;
  readonly list: Int32Array;
}

/** Neighbour lists of the edges `from[e] → to[e]`, each in the order of the edges. */
export function compress(nodes: number, from: Int32Array, to: Int32Array): Csr {
  const start = new Int32Array(nodes + 1);
  for (const node of from) start[node + 1]!++;
  for (let i = 0; i < nodes; i++) start[i + 1]! += start[i]!;
  const next = start.slice(0, nodes);
  const list = new Int32Array(to.length);
  for (let e = 0; e < from.length; e++) list[next[from[e]!]!++] = to[e]!;
  return { start, list };
}

/** Every node behind all of its `before`; undefined where there is a cycle (Kahn 1962). */
export function topologicalOrder(before: Csr, after: Csr): Int32Array | undefined {
  const nodes = before.start.length - 1;
  const waiting = Int32Array.from({ length: nodes }, (_, i) => before.start[i + 1]! - before.start[i]!);
  const order = new Int32Array(nodes);
  let filled = 0;
  for (let i = 0; i < nodes; i++) if (waiting[i] === 0) order[filled++] = i;
  for (let done = 0; done < filled; done++) {
    const i = order[done]!;
    for (let e = after.start[i]!; e < after.start[i + 1]!; e++) {
      if (--waiting[after.list[e]!]! === 0) order[filled++] = after.list[e]!;
    }
  }
  return filled === nodes ? order : undefined;
}

/** Nodes of one cycle, each waiting for the next; empty where there is none. */
export function findCycle(before: Csr, after: Csr): number[] {
  const nodes = before.start.length - 1;
  // Kahn's leftovers each wait for another leftover: walking backwards among them must come round.
  const waiting = Int32Array.from({ length: nodes }, (_, i) => before.start[i + 1]! - before.start[i]!);
  const free: number[] = [];
  for (let i = 0; i < nodes; i++) if (waiting[i] === 0) free.push(i);
  while (free.length > 0) {
    const i = free.pop()!;
    for (let e = after.start[i]!; e < after.start[i + 1]!; e++) {
      if (--waiting[after.list[e]!]! === 0) free.push(after.list[e]!);
    }
  }
  let at = waiting.findIndex((count) => count > 0);
  if (at < 0) return [];
  const seen = new Map<number, number>();
  const path: number[] = [];
  while (!seen.has(at)) {
    seen.set(at, path.length);
    path.push(at);
    let e = before.start[at]!;
    while (waiting[before.list[e]!]! <= 0) e++;
    at = before.list[e]!;
  }
  return path.slice(seen.get(at)!);
}
