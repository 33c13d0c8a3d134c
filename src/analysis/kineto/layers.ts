/**
 * The layer table of a profiler's trace: calls of leaf modules (`with_stack`), else operators with their shapes
 * (`record_shapes`). Forward time is the call's own, or of the kernels that it launched; backward time is of the autograd
 * nodes that its operators made, known by their sequence numbers.
 */
import type { KinetoEvents } from "./events";
import { hostKinds } from "./events";
import type { OperatorFacts } from "./operators";
import { backwardName, type Window, windowAt } from "./timeline";

export interface ImportedLayer {
  readonly name: string;
  readonly type: string;
  dtype: string;
  parameters: number;
  weightBytes: number;
  attributes: OperatorFacts["attributes"];
}

export interface ImportedMeasure {
  readonly layer: number;
  readonly pass: "forward" | "backward";
  /** Number of the window. */
  readonly window: number;
  calls: number;
  hostUs: number;
  deviceUs: number;
  /** NaN where an operator's are not known. */
  flops: number;
  inputBytes: number;
  outputBytes: number;
  dtype: string;
  inputShape: readonly number[];
  outputShape: readonly number[];
}

/** A stretch of a thread that belongs to a layer. Of one thread they do not overlap. */
export interface Owned {
  readonly startUs: number;
  readonly endUs: number;
  readonly measure: ImportedMeasure;
}

export interface LayerTable {
  readonly layers: readonly ImportedLayer[];
  readonly measures: readonly ImportedMeasure[];
  /** By thread, in order of time: to whom a launch belongs. */
  readonly owned: readonly (readonly Owned[])[];
}

/** A backward pass multiplies twice as much as the forward: once for the inputs' gradients, once for the weights'. */
const backwardFactor = 2;
const layersLimit = 50_000;

export function layerTable(events: KinetoEvents, rows: readonly Int32Array[], windows: readonly Window[]): LayerTable {
  return new Builder(events, windows).build(rows);
}

class Builder {
  private readonly layers: ImportedLayer[] = [];
  private readonly numbers = new Map<string, number>();
  private readonly measures = new Map<string, ImportedMeasure>();
  /** The layer whose operator came last with a sequence number: the one that made the autograd node of that number. */
  private readonly makers = new Map<number, number>();
  private readonly owned: Owned[][];

  private readonly start: Float64Array;
  private readonly duration: Float64Array;
  private readonly name: Int32Array;
  private readonly kind: Uint8Array;
  private readonly sequence: Float64Array;
  private readonly facts: Int32Array;

  constructor(
    private readonly events: KinetoEvents,
    private readonly windows: readonly Window[],
  ) {
    const { host } = events;
    this.start = host.startUs.view();
    this.duration = host.durationUs.view();
    this.name = host.name.view();
    this.kind = host.kind.view();
    this.sequence = host.sequence.view();
    this.facts = host.facts.view();
    this.owned = events.threads.texts.map(() => []);
  }

  build(rows: readonly Int32Array[]): LayerTable {
    const byModules = this.kind.includes(hostKinds.module);
    for (const [thread, ofThread] of rows.entries()) {
      if (byModules) this.modules(ofThread, this.owned[thread]!);
      else this.operators(ofThread, this.owned[thread]!);
    }
    for (const [thread, ofThread] of rows.entries()) this.backwards(ofThread, this.owned[thread]!);
    for (const owned of this.owned) owned.sort((a, b) => a.startUs - b.startUs);
    return { layers: this.layers, measures: [...this.measures.values()], owned: this.owned };
  }

  private endOf(row: number): number {
    return this.start[row]! + this.duration[row]!;
  }

  /** Calls of modules that call no other module; what they lie in gives them their dotted names. */
  private modules(rows: Int32Array, owned: Owned[]): void {
    const calls = rows.filter((row) => this.kind[row] === hostKinds.module);
    const names = new Map<number, string>();
    const leaves: number[] = [];
    const around: number[] = [];
    for (const [k, row] of calls.entries()) {
      while (around.length > 0 && this.endOf(around.at(-1)!) <= this.start[row]!) around.pop();
      const own = this.events.names.texts[this.name[row]!]!;
      names.set(row, around.length > 0 ? `${names.get(around.at(-1)!)}.${own}` : own);
      around.push(row);
      const next = calls[k + 1];
      if (next === undefined || this.start[next]! >= this.endOf(row)) leaves.push(row);
    }
    let leaf = 0;
    let current: Owned | undefined;
    let layer = -1;
    let coveredUs = Number.NEGATIVE_INFINITY;
    for (const row of rows) {
      while (leaf < leaves.length && this.start[leaves[leaf]!]! <= this.start[row]!) {
        const call = leaves[leaf++]!;
        const name = names.get(call)!;
        layer = this.layerOf(name, name.slice(name.lastIndexOf(".") + 1).replace(/_\d+$/, ""));
        current = layer < 0 ? undefined : this.own(layer, "forward", call);
        if (current) owned.push(current);
      }
      const inside = current !== undefined && this.start[row]! < current.endUs;
      this.made(row, inside ? layer : -1);
      if (!inside || this.facts[row]! < 0 || this.start[row]! < coveredUs) continue;
      coveredUs = this.endOf(row);
      this.add(layer, current!.measure, this.events.facts[this.facts[row]!]!);
    }
  }

  /** Outermost operators whose shapes are known; the n-th of a kind and shape in an iteration is one layer. */
  private operators(rows: Int32Array, owned: Owned[]): void {
    let coveredUs = Number.NEGATIVE_INFINITY;
    let layer = -1;
    let counts = new Map<number, number>();
    let window = -2;
    for (const row of rows) {
      const startUs = this.start[row]!;
      const inside = startUs < coveredUs;
      if (!inside) layer = -1;
      // What autograd and the optimizer do is no layer.
      if (!inside && this.isPassedOver(row)) coveredUs = this.endOf(row);
      else if (!inside && this.facts[row]! >= 0) {
        coveredUs = this.endOf(row);
        const at = windowAt(this.windows, startUs);
        if (at !== window) counts = new Map();
        window = at;
        const number = this.facts[row]!;
        const facts = this.events.facts[number]!;
        const nth = (counts.get(number) ?? 0) + 1;
        counts.set(number, nth);
        const shape = facts.inputShape.join("×");
        const result = facts.outputShape.join("×");
        layer = this.layerOf(`${facts.type} ${shape} → ${result} #${nth}`, facts.type);
        if (layer >= 0) {
          const one = this.own(layer, "forward", row);
          if (one !== undefined) {
            owned.push(one);
            this.add(layer, one.measure, facts);
          }
        }
      }
      this.made(row, layer);
    }
  }

  private isPassedOver(row: number): boolean {
    const text = this.events.names.texts[this.name[row]!]!;
    return backwardName.test(text) || text.startsWith("Optimizer.") || text.startsWith("enumerate(DataLoader)#");
  }

  /** Autograd nodes whose maker is a layer. */
  private backwards(rows: Int32Array, owned: Owned[]): void {
    for (const row of rows) {
      const sequence = this.sequence[row]!;
      if (sequence < 0 || !backwardName.test(this.events.names.texts[this.name[row]!]!)) continue;
      const layer = this.makers.get(sequence);
      const one = layer === undefined || layer < 0 ? undefined : this.own(layer, "backward", row);
      if (one !== undefined) owned.push(one);
    }
    this.backwardWork();
  }

  /** What a layer's backward computes and moves follows from its forward in the same iteration. */
  private backwardWork(): void {
    for (const measure of this.measures.values()) {
      if (measure.pass !== "backward") continue;
      const forward = this.measures.get(`${measure.layer}/forward/${measure.window}`);
      if (forward === undefined) continue;
      // One call has many nodes.
      measure.calls = forward.calls;
      measure.flops = backwardFactor * forward.flops;
      measure.inputBytes = forward.outputBytes + forward.inputBytes;
      measure.outputBytes = forward.inputBytes;
      measure.dtype = forward.dtype;
      measure.inputShape = forward.outputShape;
      measure.outputShape = forward.inputShape;
    }
  }

  private made(row: number, layer: number): void {
    if (this.kind[row] !== hostKinds.operator) return;
    const sequence = this.sequence[row]!;
    if (sequence >= 0 && !backwardName.test(this.events.names.texts[this.name[row]!]!) && !this.isNode(row)) {
      this.makers.set(sequence, layer);
    }
  }

  /** `AddmmBackward0`: the node itself, inside of its evaluation, with the number that it was made with. */
  private isNode(row: number): boolean {
    return /Backward\d*$/.test(this.events.names.texts[this.name[row]!]!);
  }

  private own(layer: number, pass: ImportedMeasure["pass"], row: number): Owned | undefined {
    const startUs = this.start[row]!;
    const window = windowAt(this.windows, startUs);
    if (window < 0) return undefined;
    const key = `${layer}/${pass}/${window}`;
    let measure = this.measures.get(key);
    if (measure === undefined) {
      measure = {
        ...{ layer, pass, window, calls: 0, hostUs: 0, deviceUs: 0, flops: 0, inputBytes: 0, outputBytes: 0 },
        ...{ dtype: "", inputShape: [], outputShape: [] },
      };
      this.measures.set(key, measure);
    }
    measure.calls++;
    measure.hostUs += this.duration[row]!;
    return { startUs, endUs: this.endOf(row), measure };
  }

  private layerOf(name: string, type: string): number {
    const known = this.numbers.get(name);
    if (known !== undefined) return known;
    if (this.layers.length >= layersLimit) return -1;
    this.numbers.set(name, this.layers.length);
    return this.layers.push({ name, type, dtype: "", parameters: 0, weightBytes: 0, attributes: {} }) - 1;
  }

  /** The first operator of a call has its input, the last its output; what lies between stays inside of the layer. */
  private add(number: number, measure: ImportedMeasure, facts: OperatorFacts): void {
    const layer = this.layers[number]!;
    if (layer.parameters < facts.parameters) {
      layer.parameters = facts.parameters;
      layer.weightBytes = facts.weightBytes;
      layer.dtype = facts.dtype;
    }
    if (Object.keys(facts.attributes).length > 0) layer.attributes = facts.attributes;
    measure.flops += facts.flops ?? 0;
    measure.inputBytes += facts.inputBytes;
    measure.outputBytes += facts.outputBytes;
    measure.dtype ||= facts.dtype;
    if (measure.inputShape.length === 0) measure.inputShape = facts.inputShape;
    measure.outputShape = facts.outputShape;
  }
}
