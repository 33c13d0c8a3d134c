/** What `hwmon.ts` reads: one device each, out of one or more files. */
import type { Device, Unavailable } from "../../model/device";
import { CounterFile } from "../counterFile";
import { type Files, textOf } from "../files";
import type { Reading } from "../meter";
import { WrappingCounter } from "../wrappingCounter";

/** One thing that was found: readable, or the reason why not. */
export interface Finding {
  readonly device?: Device;
  readonly open?: (files: Files, nowS: () => number) => Channel;
  readonly unavailable?: Unavailable;
}

export interface Channel {
  read(): Reading;
  close(): void;
}

/** Files and what to multiply each with; `powerW` must be there, the others may be missing. */
type ChannelFiles = { readonly powerW: readonly [string, number] } & {
  readonly [key in keyof Reading]?: readonly [string, number];
};

export function powerChannel(files: Files, { powerW, ...others }: ChannelFiles): Channel {
  const buffer = Buffer.alloc(32);
  const power = new CounterFile(files, powerW[0], buffer);
  const rest = Object.entries(others).map(([key, [path, factor]]) => ({
    key,
    factor,
    file: new CounterFile(files, path, buffer),
  }));
  return {
    read() {
      const value = power.read();
      if (Number.isNaN(value)) return { failure: `${power.failure}.` };
      const reading: Record<string, number> = { powerW: value * powerW[1] };
      for (const { key, factor, file } of rest) {
        const other = file.read();
        if (!Number.isNaN(other)) reading[key] = other * factor;
      }
      return reading;
    },
    close() {
      for (const file of [power, ...rest.map((each) => each.file)]) file.close();
    },
  };
}

/** More than any card: a counter that fell was set back. */
const highestPowerW = 10_000;

export function energyChannel(files: Files, path: string, nowS: () => number): Channel {
  const file = new CounterFile(files, path, Buffer.alloc(32));
  const counter = new WrappingCounter(Number.NaN, 1e-6, highestPowerW);
  return {
    read() {
      const raw = file.read();
      if (Number.isNaN(raw)) return { failure: `${file.failure}.` };
      const energyJ = counter.advance(raw, nowS());
      return Number.isNaN(energyJ) ? { failure: `${path}: ${counter.failure}.` } : { energyJ };
    },
    close: () => file.close(),
  };
}

/** A number in a file times `factor`; undefined where there is none. */
export function numberIn(files: Files, path: string, factor: number): number | undefined {
  const text = textOf(files, path);
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) * factor : undefined;
}

export function isNumber(files: Files, path: string): boolean {
  return numberIn(files, path, 1) !== undefined;
}
