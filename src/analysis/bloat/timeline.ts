/**
 * When each operation can start and how much time lies behind it, kept up to date while durations change.
 *
 * `head` is the longest path before an operation, `tail` the longest after it; with its own duration they are the longest
 * path through it, and what is missing to the deadline is its slack. A change is passed on to neighbours for as long as
 * it changes anything, which in a plan with slack is not far.
 */
import type { Csr } from "./graph";
import type { Problem } from "./problem";

export class Timeline {
  readonly head: Float64Array;
  readonly tail: Float64Array;
  /** Durations; change them with `set` only. */
  readonly ticks: Float64Array;
  /** Operations looked at so far: the measure of effort, where a clock would make results differ. */
  visits = 0;
  private readonly queue: Int32Array;
  private readonly queued: Uint8Array;
  private journal: number[] | undefined;

  /** @param ticks durations of all operations; copied */
  constructor(
    private readonly problem: Problem,
    ticks: Float64Array,
  ) {
    const { count, order, before, after } = problem;
    this.ticks = ticks.slice();
    this.head = new Float64Array(count);
    this.tail = new Float64Array(count);
    this.queue = new Int32Array(count);
    this.queued = new Uint8Array(count);
    for (let k = 0; k < count; k++) this.head[order[k]!] = this.longest(order[k]!, before, this.head);
    for (let k = count - 1; k >= 0; k--) this.tail[order[k]!] = this.longest(order[k]!, after, this.tail);
  }

  /** Longest path through an operation. */
  through(operation: number): number {
    return this.head[operation]! + this.ticks[operation]! + this.tail[operation]!;
  }

  /** Longest path of all. */
  length(): number {
    let length = 0;
    for (let i = 0; i < this.ticks.length; i++) length = Math.max(length, this.head[i]! + this.ticks[i]!);
    return length;
  }

  set(operation: number, ticks: number): void {
    this.journal?.push(0, operation, this.ticks[operation]!);
    this.ticks[operation] = ticks;
    this.pass(operation, this.head, this.problem.before, this.problem.after, 1);
    this.pass(operation, this.tail, this.problem.after, this.problem.before, 2);
  }

  /** From here on changes can be taken back. */
  mark(): void {
    this.journal = [];
  }

  /** Takes back all that was set since `mark`, and ends it. */
  revert(): void {
    const columns = [this.ticks, this.head, this.tail];
    const journal = this.journal ?? [];
    for (let k = journal.length - 3; k >= 0; k -= 3) columns[journal[k]!]![journal[k + 1]!] = journal[k + 2]!;
    this.journal = undefined;
  }

  /** Keeps what was set since `mark`, and ends it. */
  keep(): void {
    this.journal = undefined;
  }

  /** Operations whose place in time or duration changed since `mark`. */
  changed(): Set<number> {
    const journal = this.journal ?? [];
    const all = new Set<number>();
    for (let k = 1; k < journal.length; k += 3) all.add(journal[k]!);
    return all;
  }

  private longest(operation: number, from: Csr, column: Float64Array): number {
    const { ticks } = this;
    let longest = 0;
    for (let e = from.start[operation]!; e < from.start[operation + 1]!; e++) {
      const other = from.list[e]!;
      const path = column[other]! + ticks[other]!;
      if (path > longest) longest = path;
    }
    return longest;
  }

  private pass(operation: number, column: Float64Array, from: Csr, to: Csr, name: number): void {
    const { queue, queued } = this;
    const room = queue.length;
    let [first, size] = [0, 0];
    const add = (node: number) => {
      for (let e = to.start[node]!; e < to.start[node + 1]!; e++) {
        const other = to.list[e]!;
        if (queued[other] === 1) continue;
        queued[other] = 1;
        const end = first + size++;
        queue[end < room ? end : end - room] = other;
      }
    };
    add(operation);
    while (size > 0) {
      const node = queue[first]!;
      first = first + 1 === room ? 0 : first + 1;
      size--;
      queued[node] = 0;
      this.visits++;
      const longest = this.longest(node, from, column);
      if (longest === column[node]) continue;
      this.journal?.push(name, node, column[node]!);
      column[node] = longest;
      add(node);
    }
  }
}
