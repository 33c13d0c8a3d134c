/**
 * The time-energy frontier as a parametric longest-path flow (Kelley 1961; Fulkerson 1961), without a unit of time.
 *
 * Minimising the sum of convex, piecewise linear costs of durations under a deadline T is a linear program. Its dual is a
 * flow from source to sink: an operation carries what its last second is worth (W), a dependency whatever is needed, and
 * the flow that arrives is what a second of the whole iteration is worth: dE/dT = -flow. Everything is whole numbers:
 * event times in ticks, flows in units of W chosen from the input; nothing is rounded, no tolerance is needed.
 *
 * State: event times (potentials), and on each arc a flow in the staircase of its hull. `corner` is the step on which an
 * arc stands, and with `room` = time between its two events:
 *
 *   slope[corner] ≤ flow < slope[corner + 1]            (staircase; the fastest corner has no upper end)
 *   slope[corner] < flow  ⇒  room = ticks[corner]       (complementary slackness, strictly inside the step)
 *   slope[corner] = flow  ⇒  ticks[corner] ≤ room ≤ ticks[corner - 1], or no upper end at the slowest corner
 *
 * With flow conserved at every other node this is optimality for T = time of the sink, and each step keeps it:
 *
 * - Grow: the set `inside` is what the source reaches over arcs whose flow can change at the present times (gap 0).
 * - Augment: when the sink is inside, flow moves along the tree's path by the least residual. Each arc of the path stays
 *   on the corner at which its room already is, so all three lines hold. A path without limit: T cannot fall.
 * - Cut off: the part of the tree behind a used-up arc leaves `inside`, and what still can is taken in again.
 * - Drop: with the sink outside and nothing more to reach, every time outside falls by as much as no crossing arc passes
 *   its next corner (its gap). Crossing arcs have flow = slope[corner] (else their gap were 0 and the set larger), and
 *   their room moves between ticks[corner] and ticks[corner - 1], as the third line allows; no other room changes. An arc
 *   whose gap becomes 0 takes its outer node in.
 *
 * Every round of these adds a node or moves at least one whole unit of flow, and flow below the infinite path is
 * bounded: it ends. T is convex in the steps because the flow only rises.
 *
 * The tree survives from one drop to the next, and only arcs that cross its border are in the queue of drops: a corner
 * costs what changes there, not the size of the graph.
 */
import { ArcHeap } from "./arcHeap";
import type { Network } from "./network";
import { RoomLog } from "./roomLog";

export class ParametricFlow {
  /** Ticks by which the iteration is faster than the slowest useful one. */
  drop = 0;
  /** Units of flow that arrive. */
  total = 0;
  /** Where the flow changed: from `cornerDrop[k]` on it was `cornerFlow[k]`. */
  readonly cornerDrop: number[] = [];
  readonly cornerFlow: number[] = [];
  readonly flow: Float64Array;
  readonly log: RoomLog;
  readonly slowestTicks: number;

  private readonly corner: Int32Array;
  /** Time of a node that is inside, time + drop of one that is outside. */
  private readonly time: Float64Array;
  private readonly inside: Uint8Array;
  /** The arc, as its parent sees it, by which a node came inside. */
  private readonly cameBy: Int32Array;
  /** A stack of nodes inside whose arcs have yet to be looked at. */
  private readonly fresh: Int32Array;
  private readonly isFresh: Uint8Array;
  private freshSize = 0;
  private readonly cutOff: Int32Array;
  private readonly heap: ArcHeap;

  constructor(private readonly network: Network) {
    const { nodes, tail, cornerStart, source, sink } = network;
    this.flow = new Float64Array(tail.length);
    this.corner = cornerStart.slice();
    this.time = latestTimes(network);
    this.slowestTicks = this.time[sink]!;
    this.inside = new Uint8Array(nodes);
    this.cameBy = new Int32Array(nodes).fill(-1);
    this.fresh = new Int32Array(nodes);
    this.isFresh = new Uint8Array(nodes);
    this.cutOff = new Int32Array(nodes);
    this.heap = new ArcHeap(tail.length);
    this.log = new RoomLog(network, this.time);
    this.enter(source, -1);
  }

  /**
   * Goes on until the iteration cannot be faster, or is faster than the slowest by `untilDrop` ticks, or `stop` says so.
   * @returns why it ended
   */
  run(untilDrop: number, stop: (drop: number) => boolean): "fastest" | "reached" | "stopped" {
    for (let round = 0; ; round++) {
      while (this.grow()) {
        if (!this.augment()) return "fastest";
      }
      if ((round & 1023) === 1023 && stop(this.drop)) return "stopped";
      const arc = this.nextEvent();
      const next = this.heap.key[arc]!;
      if (next > this.drop) {
        if (this.cornerFlow.at(-1) !== this.total) {
          this.cornerDrop.push(this.drop);
          this.cornerFlow.push(this.total);
        }
        this.log.settle(this.inside, this.drop);
        this.drop = Math.min(next, untilDrop);
        if (next >= untilDrop) return "reached";
      }
      const { tail, head } = this.network;
      if (this.inside[tail[arc]!] === 1) this.enter(head[arc]!, 2 * arc);
      else this.enter(tail[arc]!, 2 * arc + 1);
    }
  }

  /** Ticks between start and end event of each operation now. */
  rooms(): Float64Array {
    const { operations, tail, head } = this.network;
    const time = (node: number) => this.time[node]! - (this.inside[node] === 1 ? 0 : this.drop);
    return Float64Array.from({ length: operations }, (_, i) => time(head[i]!) - time(tail[i]!));
  }

  /** Takes in what can be reached at the present times. @returns whether that is the sink */
  private grow(): boolean {
    const { incidentStart, incident, neighbour, sink } = this.network;
    const { inside, fresh, isFresh } = this;
    while (this.freshSize > 0 && inside[sink] === 0) {
      const node = fresh[--this.freshSize]!;
      isFresh[node] = 0;
      if (inside[node] === 0) continue;
      for (let e = incidentStart[node]!; e < incidentStart[node + 1]!; e++) {
        const other = neighbour[e]!;
        if (inside[other] === 1) continue;
        const gap = this.gap(incident[e]!);
        if (gap === 0) {
          this.enter(other, incident[e]!);
          if (other !== sink) continue;
          // Its other arcs have not been looked at: it comes up again.
          this.push(node);
          return true;
        }
        if (gap < Infinity) this.heap.set(incident[e]! >> 1, this.drop + gap);
      }
    }
    return inside[sink] === 1;
  }

  /**
   * Ticks until an arc out of `inside` can change its flow. Forward (even): more flow, at its corner. Backward (odd):
   * less flow, at its corner, or where there is none to take, at the next slower one.
   */
  private gap(code: number): number {
    const { tail, head, cornerStart, cornerTicks, cornerSlope } = this.network;
    const arc = code >> 1;
    const corner = this.corner[arc]!;
    if ((code & 1) === 0) return this.time[head[arc]!]! - this.drop - this.time[tail[arc]!]! - cornerTicks[corner]!;
    if (this.flow[arc]! > cornerSlope[corner]!) return 0;
    if (corner === cornerStart[arc]!) return Infinity;
    return cornerTicks[corner - 1]! - (this.time[head[arc]!]! - this.time[tail[arc]!]! + this.drop);
  }

  private enter(node: number, code: number): void {
    this.inside[node] = 1;
    this.time[node]! -= this.drop;
    this.cameBy[node] = code;
    this.log.touch(node);
    this.push(node);
  }

  private push(node: number): void {
    if (this.isFresh[node] === 1) return;
    this.isFresh[node] = 1;
    this.fresh[this.freshSize++] = node;
  }

  /** Moves flow along the tree's path to the sink. @returns false where the path has no limit */
  private augment(): boolean {
    const { tail, head, source, sink, cornerEnd, cornerSlope } = this.network;
    const { cameBy, flow, corner } = this;
    let least = Infinity;
    for (let node = sink; node !== source; ) {
      const arc = cameBy[node]! >> 1;
      const at = corner[arc]!;
      if ((cameBy[node]! & 1) === 0) {
        if (at + 1 < cornerEnd[arc]!) least = Math.min(least, cornerSlope[at + 1]! - flow[arc]!);
        node = tail[arc]!;
      } else {
        const floor = flow[arc]! > cornerSlope[at]! ? cornerSlope[at]! : cornerSlope[at - 1]!;
        least = Math.min(least, flow[arc]! - floor);
        node = head[arc]!;
      }
    }
    if (least === Infinity) return false;
    let usedUp = -1;
    for (let node = sink; node !== source; ) {
      const arc = cameBy[node]! >> 1;
      const at = corner[arc]!;
      if ((cameBy[node]! & 1) === 0) {
        const risen = (flow[arc]! += least);
        if (at + 1 < cornerEnd[arc]! && risen === cornerSlope[at + 1]!) {
          corner[arc] = at + 1;
          usedUp = node;
        }
        node = tail[arc]!;
      } else {
        const step = flow[arc]! > cornerSlope[at]! ? at : at - 1;
        corner[arc] = step;
        if ((flow[arc]! -= least) === cornerSlope[step]!) usedUp = node;
        node = head[arc]!;
      }
    }
    this.total += least;
    this.cut(usedUp);
    return true;
  }

  /** Takes the subtree of `root` out of `inside`, then takes in again what other arcs reach. */
  private cut(root: number): void {
    const { incidentStart, incident, neighbour } = this.network;
    const { inside, cameBy, cutOff, time, drop, log } = this;
    let size = 1;
    cutOff[0] = root;
    inside[root] = 0;
    for (let done = 0; done < size; done++) {
      const node = cutOff[done]!;
      time[node]! += drop;
      log.touch(node);
      for (let e = incidentStart[node]!; e < incidentStart[node + 1]!; e++) {
        const other = neighbour[e]!;
        if (inside[other] === 1 && cameBy[other] === incident[e]!) {
          inside[other] = 0;
          cutOff[size++] = other;
        }
      }
    }
    for (let k = 0; k < size; k++) {
      const node = cutOff[k]!;
      if (inside[node] === 1) continue;
      for (let e = incidentStart[node]!; e < incidentStart[node + 1]!; e++) {
        if (inside[neighbour[e]!] === 0) continue;
        // The same arc as the neighbour sees it.
        const code = incident[e]! ^ 1;
        const gap = this.gap(code);
        if (gap === 0) {
          this.enter(node, code);
          break;
        }
        if (gap < Infinity) this.heap.set(code >> 1, drop + gap);
      }
    }
  }

  /** The crossing arc whose gap closes first, its key being the drop at which it does. */
  private nextEvent(): number {
    const { tail, head } = this.network;
    for (;;) {
      const arc = this.heap.pop();
      if (arc < 0) throw new Error("no arc leads out of the reached events: the sink cannot be reached");
      const tailIn = this.inside[tail[arc]!]!;
      // Entries of arcs that no longer cross stay in the heap until they come up.
      if (tailIn === this.inside[head[arc]!]!) continue;
      const due = this.drop + this.gap(tailIn === 1 ? 2 * arc : 2 * arc + 1);
      if (due === this.heap.key[arc]!) return arc;
      if (due < Infinity) this.heap.set(arc, due);
    }
  }
}

/** Latest event times with every operation at its slowest useful option, source at 0. */
function latestTimes({ nodes, order, incidentStart, incident, neighbour, cornerStart, cornerTicks, source }: Network) {
  const toSink = new Float64Array(nodes);
  for (let k = nodes - 1; k >= 0; k--) {
    const node = order[k]!;
    for (let e = incidentStart[node]!; e < incidentStart[node + 1]!; e++) {
      if ((incident[e]! & 1) === 1) continue;
      const ticks = cornerTicks[cornerStart[incident[e]! >> 1]!]!;
      toSink[node] = Math.max(toSink[node]!, ticks + toSink[neighbour[e]!]!);
    }
  }
  return toSink.map((ticks) => toSink[source]! - ticks);
}
