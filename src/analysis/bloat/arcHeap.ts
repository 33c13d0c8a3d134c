/** A binary heap of arcs by the drop of the iteration time at which each has to be looked at; at most one entry an arc. */
export class ArcHeap {
  private readonly heap: Int32Array;
  /** Place in the heap, -1 where the arc is not in it. */
  private readonly place: Int32Array;
  /** Key of each arc that is in the heap. */
  readonly key: Float64Array;
  private size = 0;

  constructor(arcs: number) {
    this.heap = new Int32Array(arcs);
    this.place = new Int32Array(arcs).fill(-1);
    this.key = new Float64Array(arcs);
  }

  /** Puts the arc in, or moves it to its new key. */
  set(arc: number, key: number): void {
    let at = this.place[arc]!;
    if (at < 0) {
      at = this.size++;
      this.key[arc] = key;
      this.up(arc, at);
    } else {
      const old = this.key[arc]!;
      this.key[arc] = key;
      if (key < old) this.up(arc, at);
      else if (key > old) this.down(arc, at);
    }
  }

  /** The arc with the least key, taken out; -1 when there is none. */
  pop(): number {
    if (this.size === 0) return -1;
    const top = this.heap[0]!;
    this.place[top] = -1;
    const last = this.heap[--this.size]!;
    if (last !== top) this.down(last, 0);
    return top;
  }

  private up(arc: number, from: number): void {
    const { heap, place, key } = this;
    const own = key[arc]!;
    let at = from;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const other = heap[above]!;
      if (key[other]! <= own) break;
      heap[at] = other;
      place[other] = at;
      at = above;
    }
    heap[at] = arc;
    place[arc] = at;
  }

  private down(arc: number, from: number): void {
    const { heap, place, key, size } = this;
    const own = key[arc]!;
    let at = from;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= size) break;
      if (below + 1 < size && key[heap[below + 1]!]! < key[heap[below]!]!) below++;
      const other = heap[below]!;
      if (key[other]! >= own) break;
      heap[at] = other;
      place[other] = at;
      at = below;
    }
    heap[at] = arc;
    place[arc] = at;
  }
}
