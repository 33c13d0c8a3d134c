/**
 * The flow network of a problem: activity on arc.
 *
 * Every operation is an arc from its start event to its end event, every dependency an arc of no duration. A dependency
 * that is the only one out of its first event, or the only one into its second, is taken out by making its two events
 * one: moving the first event as late as the second (or the second as early as the first) only gives the operations
 * around them more room, and an operation arc already allows more room than it uses. Nothing else about the optimum
 * changes, and a pipeline loses a good part of its nodes.
 */
import { compress, topologicalOrder } from "./graph";
import { type Hull, hullCorners, hullOf, type OptionClass, steepestSlope } from "./options";
import type { Problem } from "./problem";

export interface Network {
  readonly nodes: number;
  readonly source: number;
  readonly sink: number;
  /** Arcs; the first `operations` of them are the operations, in order, the others dependencies. */
  readonly operations: number;
  readonly tail: Int32Array;
  readonly head: Int32Array;
  /** Corners of arc `a` are `cornerStart[a]` to `cornerEnd[a] - 1`, slowest first. */
  readonly cornerStart: Int32Array;
  readonly cornerEnd: Int32Array;
  readonly cornerTicks: Float64Array;
  readonly cornerSlope: Float64Array;
  /**
   * Arcs at node `v`: `incident[incidentStart[v]]` on, each `2 × arc` where the arc leaves the node and `2 × arc + 1`
   * where it arrives; `neighbour` is the node at its other end.
   */
  readonly incidentStart: Int32Array;
  readonly incident: Int32Array;
  readonly neighbour: Int32Array;
  /** Nodes, each behind those that have an arc to it. */
  readonly order: Int32Array;
  /** Flow units of one J a tick. */
  readonly flowScale: number;
}

/** Flows on a cut add up to at most this: whole numbers that doubles add and compare without rounding. */
const mostFlow = 2 ** 50;

/** The network of a problem with all of its options. */
export function networkOf(problem: Problem): Network {
  const { classOf, classes } = problem;
  const corners = classes.map((own) => hullCorners(own, 0, own.options.length - 1));
  return withHulls(
    skeletonOf(problem),
    classes.map((options, c) => ({ options, corners: corners[c]! })),
    classOf,
  );
}

/** Events and arcs without their options. */
export type Skeleton = Omit<Network, "cornerStart" | "cornerEnd" | "cornerTicks" | "cornerSlope" | "flowScale">;

export function skeletonOf(problem: Problem): Skeleton {
  const { count } = problem;
  const { nodes, nodeOf, dependencies } = mergedEvents(problem);
  const tail = new Int32Array(count + dependencies.length);
  const head = new Int32Array(count + dependencies.length);
  for (let i = 0; i < count; i++) {
    tail[i] = nodeOf[2 * i]!;
    head[i] = nodeOf[2 * i + 1]!;
  }
  for (const [k, [u, v]] of dependencies.entries()) {
    tail[count + k] = u;
    head[count + k] = v;
  }
  const [source, sink] = [nodeOf[2 * count]!, nodeOf[2 * count + 1]!];
  return { nodes, source, sink, operations: count, ...adjacency(nodes, tail, head) };
}

/**
 * @param choices options and which of them are corners of the hull, fastest first
 * @param choiceOf which of the choices each operation has
 */
export function withHulls(
  skeleton: Skeleton,
  choices: readonly { readonly options: OptionClass; readonly corners: readonly number[] }[],
  choiceOf: Int32Array,
): Network {
  const steepest = choices.map(({ options, corners }) => steepestSlope(options, corners));
  const sum = choiceOf.reduce((total, c) => total + steepest[c]!, 0);
  // A power of two: scaling by it does not round.
  const flowScale = sum > 0 ? 2 ** Math.floor(Math.log2(mostFlow / sum)) : 1;
  const hulls = choices.map(({ options, corners }) => hullOf(options, corners, flowScale));
  return { ...skeleton, ...columns(hulls, choiceOf, skeleton.tail.length), flowScale };
}

/** Hulls one behind the other; a dependency's is one corner at 0 ticks. */
function columns(hulls: readonly Hull[], choiceOf: Int32Array, arcs: number) {
  const starts = new Int32Array(hulls.length + 1);
  for (const [c, { cornerTicks }] of hulls.entries()) starts[c + 1] = starts[c]! + cornerTicks.length;
  const end = starts[hulls.length]!;
  const cornerTicks = new Float64Array(end + 1);
  const cornerSlope = new Float64Array(end + 1);
  for (const [c, hull] of hulls.entries()) {
    cornerTicks.set(hull.cornerTicks, starts[c]!);
    cornerSlope.set(hull.cornerSlope, starts[c]!);
  }
  const cornerStart = new Int32Array(arcs).fill(end);
  const cornerEnd = new Int32Array(arcs).fill(end + 1);
  for (const [i, c] of choiceOf.entries()) {
    cornerStart[i] = starts[c]!;
    cornerEnd[i] = starts[c + 1]!;
  }
  return { cornerStart, cornerEnd, cornerTicks, cornerSlope };
}

function adjacency(nodes: number, tail: Int32Array, head: Int32Array) {
  const arcs = tail.length;
  const ends = new Int32Array(2 * arcs);
  const others = new Int32Array(2 * arcs);
  const codes = new Int32Array(2 * arcs);
  for (let a = 0; a < arcs; a++) {
    [ends[2 * a], others[2 * a], codes[2 * a]] = [tail[a]!, head[a]!, 2 * a];
    [ends[2 * a + 1], others[2 * a + 1], codes[2 * a + 1]] = [head[a]!, tail[a]!, 2 * a + 1];
  }
  const incident = compress(nodes, ends, codes);
  const order = topologicalOrder(compress(nodes, head, tail), compress(nodes, tail, head));
  if (order === undefined) throw new Error("merging events made a cycle");
  return {
    tail,
    head,
    incidentStart: incident.start,
    incident: incident.list,
    neighbour: compress(nodes, ends, others).list,
    order,
  };
}

interface Events {
  readonly nodes: number;
  /** Node of each event: start and end of operation `i` are `2 i` and `2 i + 1`, then source and sink. */
  readonly nodeOf: Int32Array;
  readonly dependencies: readonly (readonly [number, number])[];
}

function mergedEvents({ count, before, after }: Problem): Events {
  const events = 2 * count + 2;
  const [source, sink] = [2 * count, 2 * count + 1];
  let edges: (readonly [number, number])[] = [];
  for (let i = 0; i < count; i++) {
    if (before.start[i] === before.start[i + 1]) edges.push([source, 2 * i]);
    const seen = new Set<number>();
    for (let e = after.start[i]!; e < after.start[i + 1]!; e++) seen.add(after.list[e]!);
    for (const j of seen) edges.push([2 * i + 1, 2 * j]);
    if (seen.size === 0) edges.push([2 * i + 1, sink]);
  }
  const parent = Int32Array.from({ length: events }, (_, i) => i);
  const find = (event: number) => {
    let root = event;
    while (parent[root] !== root) root = parent[root] = parent[parent[root]!]!;
    return root;
  };
  const arcsOut = new Int32Array(events);
  const arcsIn = new Int32Array(events);
  for (let i = 0; i < count; i++) {
    arcsOut[2 * i] = 1;
    arcsIn[2 * i + 1] = 1;
  }
  for (const [u, v] of edges) {
    arcsOut[u]!++;
    arcsIn[v]!++;
  }
  for (let left = -1; left !== edges.length; ) {
    left = edges.length;
    edges = edges.filter(([a, b]) => {
      const [u, v] = [find(a), find(b)];
      if (arcsOut[u] !== 1 && arcsIn[v] !== 1) return true;
      // No other way leads from u to v, so the merged event is on no cycle.
      parent[v] = u;
      arcsOut[u]! += arcsOut[v]! - 1;
      arcsIn[u]! += arcsIn[v]! - 1;
      return false;
    });
  }
  const nodeOf = new Int32Array(events).fill(-1);
  let nodes = 0;
  for (let event = 0; event < events; event++) {
    const root = find(event);
    if (nodeOf[root]! < 0) nodeOf[root] = nodes++;
    nodeOf[event] = nodeOf[root]!;
  }
  return { nodes, nodeOf, dependencies: edges.map(([u, v]) => [nodeOf[u]!, nodeOf[v]!] as const) };
}
