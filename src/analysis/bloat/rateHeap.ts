/** A binary heap of operations, the highest rate on top. */
export class RateHeap {
  private readonly items: number[] = [];
  private readonly rates: number[] = [];

  get size(): number {
    return this.items.length;
  }

  /** The highest rate; -Infinity where the heap is empty. */
  get topRate(): number {
    return this.rates.length === 0 ? -Infinity : this.rates[0]!;
  }

  push(item: number, rate: number): void {
    const { items, rates } = this;
    let at = items.length;
    items.push(item);
    rates.push(rate);
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (rates[above]! >= rate) break;
      items[at] = items[above]!;
      rates[at] = rates[above]!;
      at = above;
    }
    items[at] = item;
    rates[at] = rate;
  }

  /** Takes out the item with the highest rate; the heap must not be empty. */
  pop(): number {
    const { items, rates } = this;
    const top = items[0]!;
    const item = items.pop()!;
    const rate = rates.pop()!;
    const size = items.length;
    if (size === 0) return top;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= size) break;
      if (below + 1 < size && rates[below + 1]! > rates[below]!) below++;
      if (rates[below]! <= rate) break;
      items[at] = items[below]!;
      rates[at] = rates[below]!;
      at = below;
    }
    items[at] = item;
    rates[at] = rate;
    return top;
  }
}
