/**
 * What each operation's room (time between its start and end event) did as the iteration got faster: it falls as fast as
 * the iteration time, rises as fast, or stays. Only changes of that are kept, which is what makes 18,000 corners of
 * 16,000 operations fit: the whole history is a few numbers a change, and any point of it can be had again.
 */
import type { Network } from "./network";

export class RoomLog {
  private readonly rate: Int8Array;
  private readonly touched: Int32Array;
  private touchedSize = 0;
  private readonly isTouched: Uint8Array;
  private readonly wasInside: Uint8Array;
  private size = 0;
  private drops = new Float64Array(1024);
  /** `operation × 4 + rate + 1` */
  private changes = new Int32Array(1024);
  private readonly firstRoom: Float64Array;

  constructor(
    private readonly network: Network,
    time: Float64Array,
  ) {
    const { operations, tail, head, nodes } = network;
    this.rate = new Int8Array(operations);
    this.touched = new Int32Array(nodes);
    this.isTouched = new Uint8Array(nodes);
    this.wasInside = new Uint8Array(nodes);
    this.firstRoom = Float64Array.from({ length: operations }, (_, i) => time[head[i]!]! - time[tail[i]!]!);
  }

  /** A node went in or out since the last drop. */
  touch(node: number): void {
    if (this.isTouched[node] === 1) return;
    this.isTouched[node] = 1;
    this.touched[this.touchedSize++] = node;
  }

  /** Before the times outside fall, beginning at `drop`: notes which rooms now move otherwise than before. */
  settle(inside: Uint8Array, drop: number): void {
    const { incidentStart, incident, operations, tail, head } = this.network;
    for (let k = 0; k < this.touchedSize; k++) {
      const node = this.touched[k]!;
      this.isTouched[node] = 0;
      // Most come back where they were before the next drop.
      if (this.wasInside[node] === inside[node]) continue;
      this.wasInside[node] = inside[node]!;
      for (let e = incidentStart[node]!; e < incidentStart[node + 1]!; e++) {
        const arc = incident[e]! >> 1;
        if (arc >= operations) continue;
        // Outside minus inside of its ends: -1 where the end falls away from under a start that stays.
        const rate = inside[head[arc]!]! - inside[tail[arc]!]!;
        if (rate === this.rate[arc]) continue;
        this.rate[arc] = rate;
        this.push(drop, arc * 4 + rate + 1);
      }
    }
    this.touchedSize = 0;
  }

  private push(drop: number, change: number): void {
    if (this.size === this.drops.length) {
      const [drops, changes] = [new Float64Array(2 * this.size), new Int32Array(2 * this.size)];
      drops.set(this.drops);
      changes.set(this.changes);
      this.drops = drops;
      this.changes = changes;
    }
    this.drops[this.size] = drop;
    this.changes[this.size++] = change;
  }

  /** The history by operation. */
  history(): RoomHistory {
    const operations = this.rate.length;
    const start = new Int32Array(operations + 1);
    for (let k = 0; k < this.size; k++) start[(this.changes[k]! >> 2) + 1]!++;
    for (let i = 0; i < operations; i++) start[i + 1]! += start[i]!;
    const next = start.slice(0, operations);
    const drops = new Float64Array(this.size);
    const rooms = new Float64Array(this.size);
    const rates = new Int8Array(this.size);
    for (let k = 0; k < this.size; k++) {
      const i = this.changes[k]! >> 2;
      const at = next[i]!++;
      drops[at] = this.drops[k]!;
      rates[at] = (this.changes[k]! & 3) - 1;
      rooms[at] =
        at === start[i] ? this.firstRoom[i]! : rooms[at - 1]! + rates[at - 1]! * (drops[at]! - drops[at - 1]!);
    }
    return new RoomHistory(start, drops, rooms, rates, this.firstRoom);
  }
}

/** Changes of operation `i`: `start[i]` to `start[i + 1] - 1`; from `drops` on its room was `rooms` and moved by `rates`. */
export class RoomHistory {
  constructor(
    private readonly start: Int32Array,
    private readonly drops: Float64Array,
    private readonly rooms: Float64Array,
    private readonly rates: Int8Array,
    private readonly firstRoom: Float64Array,
  ) {}

  /** Number of changes kept. */
  get size(): number {
    return this.drops.length;
  }

  /** Ticks between start and end event of an operation when the iteration is `drop` ticks faster than the slowest. */
  roomAt(operation: number, drop: number): number {
    let low = this.start[operation]!;
    let high = this.start[operation + 1]!;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.drops[middle]! <= drop) low = middle + 1;
      else high = middle;
    }
    const at = low - 1;
    if (at < this.start[operation]!) return this.firstRoom[operation]!;
    return this.rooms[at]! + this.rates[at]! * (drop - this.drops[at]!);
  }
}
