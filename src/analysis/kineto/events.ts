/**
 * The events of a trace of the PyTorch profiler (Kineto), kept in columns: of a gigabyte of JSON some tens of megabytes.
 * What is kept: operators, annotations, calls of modules, launches on the host; kernels and copies on devices. Python
 * frames other than modules' are passed over.
 */
import { Growing } from "../../model/grow";
import { bytesOfTensor, isKnownOperator, type OperatorFacts, operatorFacts } from "./operators";

export const hostKinds = { operator: 0, annotation: 1, module: 2, runtime: 3 } as const;
export type HostKind = (typeof hostKinds)[keyof typeof hostKinds];

/** Interned text, numbers by first use. */
export class Names {
  private readonly numbers = new Map<string, number>();
  readonly texts: string[] = [];

  of(text: string): number {
    const known = this.numbers.get(text);
    if (known !== undefined) return known;
    this.numbers.set(text, this.texts.length);
    return this.texts.push(text) - 1;
  }
}

/** More than this is not kept of one rank: half a gigabyte of columns. */
const eventsLimit = 10_000_000;
const nameLimit = 1000;
/** A collective as the host sees it: `gloo:all_reduce`. */
export const collectiveName = /^(?:nccl|gloo|mpi|ucc|xccl):(\w+)/;
const modulePrefix = "nn.Module: ";

interface Event {
  readonly ph?: unknown;
  readonly cat?: unknown;
  readonly name?: unknown;
  readonly ts?: unknown;
  readonly dur?: unknown;
  readonly pid?: unknown;
  readonly tid?: unknown;
  readonly args?: unknown;
}

export class KinetoEvents {
  readonly names = new Names();
  readonly threads = new Names();
  readonly facts: OperatorFacts[] = [];
  private readonly knownFacts = new Map<string, number>();
  /** Times are microseconds as the trace has them. */
  readonly host = {
    startUs: new Growing(new Float64Array(1024)),
    durationUs: new Growing(new Float64Array(1024)),
    name: new Growing(new Int32Array(1024)),
    kind: new Growing(new Uint8Array(1024)),
    thread: new Growing(new Int32Array(1024)),
    /** Of the autograd node that an operator made, or that is evaluated; -1 where there is none. */
    sequence: new Growing(new Float64Array(1024)),
    /** Of a launch; -1. */
    correlation: new Growing(new Float64Array(1024)),
    /** Number in `facts`, or -1. */
    facts: new Growing(new Int32Array(1024)),
    /** Number of the process group in `names`, or -1. */
    group: new Growing(new Int32Array(1024)),
  };
  readonly device = {
    startUs: new Growing(new Float64Array(1024)),
    durationUs: new Growing(new Float64Array(1024)),
    name: new Growing(new Int32Array(1024)),
    device: new Growing(new Uint8Array(1024)),
    correlation: new Growing(new Float64Array(1024)),
    group: new Growing(new Int32Array(1024)),
  };
  /** Of host rows that are collectives: bytes of their tensors. */
  readonly bytes = new Map<number, number>();
  /** Intervals that say nothing of what Wattline shows, or are malformed. */
  skipped = 0;
  /** Whether some were left out because there are too many. */
  overflowed = false;
  private processes = new Map<string, number>();

  get count(): number {
    return this.host.startUs.length + this.device.startUs.length;
  }

  /** The process of most host events: pid of the rank. */
  get pid(): number {
    const most = [...this.processes].sort((a, b) => b[1] - a[1])[0];
    return most !== undefined && /^\d{1,9}$/.test(most[0]) ? Number(most[0]) : 0;
  }

  add(value: unknown): void {
    if (typeof value !== "object" || value === null) {
      this.skipped++;
      return;
    }
    const event = value as Event;
    if (event.ph !== "X") return;
    const { name, ts, dur } = event;
    if (typeof name !== "string" || !isNumber(ts) || !isNumber(dur) || dur < 0) {
      this.skipped++;
      return;
    }
    if (this.count >= eventsLimit) {
      this.overflowed = true;
      this.skipped++;
      return;
    }
    const args = typeof event.args === "object" && event.args !== null ? (event.args as Record<string, unknown>) : {};
    // Older profilers wrote capitals.
    const category = typeof event.cat === "string" ? event.cat.toLowerCase() : "";
    if (category === "kernel" || category === "gpu_memcpy" || category === "gpu_memset") {
      this.addDevice(name, ts, dur, event, args);
      return;
    }
    const kind = kindOf(category, name);
    if (kind === undefined) this.skipped++;
    else this.addHost(kind, name, ts, dur, event, args);
  }

  private addDevice(name: string, ts: number, dur: number, event: Event, args: Record<string, unknown>): void {
    const { device } = this;
    const index = Number(args.device ?? event.pid);
    device.startUs.push(ts);
    device.durationUs.push(dur);
    device.name.push(this.names.of(name.slice(0, nameLimit)));
    device.device.push(Number.isInteger(index) && index >= 0 && index < 255 ? index : 0);
    device.correlation.push(numberOr(args.correlation, -1));
    device.group.push(this.groupOf(args));
  }

  private addHost(kind: HostKind, name: string, ts: number, dur: number, event: Event, args: Record<string, unknown>) {
    const { host } = this;
    const process = String(event.pid);
    this.processes.set(process, (this.processes.get(process) ?? 0) + 1);
    host.startUs.push(ts);
    host.durationUs.push(dur);
    host.name.push(
      this.names.of((kind === hostKinds.module ? name.slice(modulePrefix.length) : name).slice(0, nameLimit)),
    );
    host.kind.push(kind);
    host.thread.push(this.threads.of(`${process}/${String(event.tid)}`));
    host.sequence.push(numberOr(args["Sequence number"] ?? args["Sequence Number"], -1));
    host.correlation.push(kind === hostKinds.runtime ? numberOr(args.correlation, -1) : -1);
    host.facts.push(kind === hostKinds.operator ? this.factsOf(name, args) : -1);
    host.group.push(this.groupOf(args));
    if (collectiveName.test(name)) this.addCollective(args);
  }

  /** Threads of gloo take what they are given in any order; by its shape the same one is found on every rank. */
  private addCollective(args: Record<string, unknown>): void {
    const { host, names } = this;
    const row = host.startUs.length - 1;
    const dims = JSON.stringify(args["Input Dims"] ?? []).slice(0, nameLimit);
    const group = host.group.view();
    group[row] = names.of(`${names.texts[group[row]!] ?? ""} ${dims}`.trim());
    const bytes = bytesOfTensor(args["Input Dims"], args["Input type"]);
    if (bytes !== undefined) this.bytes.set(row, bytes);
  }

  private groupOf(args: Record<string, unknown>): number {
    const name = args["Process Group Name"] ?? args["Process Group Description"];
    return typeof name === "string" ? this.names.of(name.slice(0, nameLimit)) : -1;
  }

  private factsOf(name: string, args: Record<string, unknown>): number {
    const [dims, types, values] = [
      args["Input Dims"] ?? args["Input dims"],
      args["Input type"],
      args["Concrete Inputs"],
    ];
    if (!Array.isArray(dims) || !isKnownOperator(name)) return -1;
    const key = JSON.stringify([name, dims, types, values]);
    const known = this.knownFacts.get(key);
    if (known !== undefined) return known;
    const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
    const facts = operatorFacts(name, { dims, types: list(types), values: list(values) });
    const number = facts === undefined ? -1 : this.facts.push(facts) - 1;
    this.knownFacts.set(key, number);
    return number;
  }
}

function kindOf(category: string, name: string): HostKind | undefined {
  if (category === "cpu_op" || category === "operator") return hostKinds.operator;
  if (category === "user_annotation") return hostKinds.annotation;
  if (category === "python_function" && name.startsWith(modulePrefix)) return hostKinds.module;
  if (category === "cuda_runtime" || category === "cuda_driver" || category === "runtime") return hostKinds.runtime;
  return undefined;
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

function numberOr(value: unknown, fallback: number): number {
  return isNumber(value) ? value : fallback;
}
