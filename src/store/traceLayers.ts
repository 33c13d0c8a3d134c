/** Reads the rows of a trace that speak of layers (`m`, `y`) and of devices' own time lines (`d`). */
import { Growing } from "../model/grow";
import type { DeviceSpanColumns, LayerMeasure, TracedDevice, TracedLayer } from "../model/trace";
import { isAmount, isCount, isIndex, isNumber, isText } from "./traceRows";

/** Networks have thousands of layers at most, and a few of their iterations are measured. */
const layerLimit = 50_000;
const measureLimit = 500_000;
/** What a layer says of itself beyond the fixed fields. */
const attributeLimit = 64;
const attributeTextLimit = 256;
const attributeListLimit = 16;
/** A tensor has a handful of dimensions. */
const dimensionLimit = 16;
/** The device's index is kept in a byte. */
const deviceLimit = 255;

export class LayerRows {
  readonly layers: TracedLayer[] = [];
  readonly measures: LayerMeasure[] = [];
  private readonly known = new Set<number>();

  /** @returns false where the row is malformed, or its layer was told before */
  layer(row: readonly unknown[]): boolean {
    const [, id, name, type, dtype, parameters, weightBytes, path, line, callPath, callLine, attributes] = row;
    if (!isIndex(id, 0) || !isText(name) || !isText(type) || !isText(dtype)) return false;
    if (!isCount(parameters) || !isCount(weightBytes)) return false;
    if (this.known.has(id) || this.layers.length >= layerLimit) return false;
    this.known.add(id);
    this.layers.push({
      id,
      name,
      type,
      ...(dtype !== "" && { dtype }),
      parameters,
      weightBytes,
      ...placeOf(path, line, "path", "line"),
      ...placeOf(callPath, callLine, "callPath", "callLine"),
      attributes: attributesOf(attributes),
    });
    return true;
  }

  /** @returns false where the row is malformed, or speaks of a layer that was not told */
  measure(row: readonly unknown[]): boolean {
    const [, layer, pass, iteration, calls, timeS, flops, inputBytes, outputBytes, dtype, input, output, loop] = row;
    if (!isIndex(layer, 0) || !this.known.has(layer) || this.measures.length >= measureLimit) return false;
    if (pass !== "forward" && pass !== "backward") return false;
    if (!isIndex(iteration, -1) || !isIndex(calls, 1) || !isAmount(timeS) || !isNumber(flops)) return false;
    if (!isCount(inputBytes) || !isCount(outputBytes) || !isText(dtype)) return false;
    this.measures.push({
      layer,
      pass,
      iteration,
      calls,
      timeS,
      ...(flops >= 0 && { flops }),
      inputBytes,
      outputBytes,
      ...(dtype !== "" && { dtype }),
      inputShape: shapeOf(input),
      outputShape: shapeOf(output),
      ...(isIndex(loop, 0) && { loop }),
    });
    return true;
  }
}

function placeOf(path: unknown, line: unknown, pathName: "path" | "callPath", lineName: "line" | "callLine") {
  return isText(path) && path !== "" && isIndex(line, 1) ? { [pathName]: path, [lineName]: line } : {};
}

/** Those that are of the kinds that attributes have; others are left out, and so is what comes after the first 64. */
function attributesOf(value: unknown): TracedLayer["attributes"] {
  const attributes: Record<string, number | string | readonly number[]> = Object.create(null);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return attributes;
  for (const [name, one] of Object.entries(value).slice(0, attributeLimit)) {
    if (name.length > attributeTextLimit) continue;
    if (isNumber(one)) attributes[name] = one;
    else if (typeof one === "string" && one.length <= attributeTextLimit) attributes[name] = one;
    else if (Array.isArray(one) && one.length <= attributeListLimit && one.every(isNumber)) attributes[name] = one;
  }
  return attributes;
}

/** `[]` where it is no shape: a scalar has the same. */
function shapeOf(value: unknown): readonly number[] {
  return Array.isArray(value) && value.length <= dimensionLimit && value.every(isCount) ? value : [];
}

export class DeviceSpanRows {
  readonly devices: TracedDevice[] = [];
  private readonly columns = {
    phase: new Growing(new Uint8Array(64)),
    iteration: new Growing(new Int32Array(64)),
    device: new Growing(new Uint8Array(64)),
    startS: new Growing(new Float64Array(64)),
    durationS: new Growing(new Float64Array(64)),
    line: new Growing(new Int32Array(64)),
    path: new Growing(new Uint16Array(64)),
    loop: new Growing(new Int32Array(64)),
  };

  /**
   * @param row its name first
   * @param path the number of the file of its line
   * @param phaseCode the number of a phase's name; undefined where there are too many
   * @param timeOf seconds since the run's start
   * @returns false where the row is malformed
   */
  add(
    row: readonly unknown[],
    path: number,
    phaseCode: (name: string) => number | undefined,
    timeOf: (monotonicS: number) => number,
  ): boolean {
    const [, phase, iteration, device, start, duration, line, loop] = row;
    if (!isText(phase) || !isIndex(iteration, -1) || !isIndex(device, 0) || device > deviceLimit) return false;
    if (!isNumber(start) || !isAmount(duration)) return false;
    const code = phaseCode(phase);
    if (code === undefined) return false;
    const { columns } = this;
    columns.phase.push(code);
    columns.iteration.push(iteration);
    columns.device.push(device);
    columns.startS.push(timeOf(start + duration) - duration);
    columns.durationS.push(duration);
    columns.line.push(isIndex(line, 0) ? line : 0);
    columns.path.push(path);
    columns.loop.push(isIndex(loop, 0) ? loop : -1);
    return true;
  }

  /** @returns false where the row is malformed, or its device was told before */
  device([, index, kind, name, uuid]: readonly unknown[]): boolean {
    if (!isIndex(index, 0) || index > deviceLimit || !isText(kind) || !isText(name) || !isText(uuid)) return false;
    if (this.devices.some((known) => known.index === index)) return false;
    this.devices.push({ index, kind, name, ...(uuid !== "" && { uuid }) });
    return true;
  }

  /** undefined where there are none. */
  view(): DeviceSpanColumns | undefined {
    const { columns } = this;
    if (columns.phase.length === 0) return undefined;
    return {
      phase: columns.phase.view(),
      iteration: columns.iteration.view(),
      device: columns.device.view(),
      startS: columns.startS.view(),
      durationS: columns.durationS.view(),
      line: columns.line.view(),
      path: columns.path.view(),
      loop: columns.loop.view(),
    };
  }
}
