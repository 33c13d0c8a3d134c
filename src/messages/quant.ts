import type { QuantReport, QuantRequest } from "../model/quantization";
import type { Advice, LayerMap, Snippet } from "../model/quantPanel";
import { type FromAnyPanel, fromAnyPanel, type ToAnyPanel } from "./panel";
import { languageCode, oneOf, positiveInteger, reader, text, yesOrNo } from "./reader";

/** What the quantization panel is told. `show` has everything, and comes again whenever something of it changes. */
export type ToQuantPanel = { readonly type: "show"; readonly view: QuantView } | ToAnyPanel;

export interface QuantView {
  /** Absolute path of the checkpoint; the panel keeps it, so that the editor finds it again after a reload. */
  readonly path: string;
  /** `Llama-3.1-8B` */
  readonly title: string;
  /** Without its layers, which a model of experts has a hundred thousand of: see `map`. */
  readonly report: Omit<QuantReport, "layers"> & { readonly layers: readonly never[] };
  /** The device that was chosen, as the chooser calls it; empty: this machine. */
  readonly device: string;
  readonly devices: readonly string[];
  readonly scan: ScanState;
  readonly map?: LayerMap;
  readonly snippets: readonly Snippet[];
  readonly advice: readonly Advice[];
  /** KV cache by context, for the batch that is asked for. */
  readonly kv: readonly { readonly contextTokens: number; readonly bytes: number }[];
  /** The longest context that fits with the proposal and with 16 bits. */
  readonly longestContext?: { readonly proposal: number; readonly sixteen: number };
  readonly verify: VerifyState;
}

export type ScanState =
  | { readonly state: "running"; readonly doneBytes: number; readonly totalBytes: number }
  | { readonly state: "done" }
  /** There are no weights, the user ended it, or it failed. */
  | { readonly state: "none"; readonly reason: string; readonly canStart: boolean };

export type VerifyState =
  | { readonly state: "ready" }
  | { readonly state: "running"; readonly text: string; readonly share?: number }
  | { readonly state: "failed"; readonly message: string }
  /** The answer is in the report. */
  | { readonly state: "done" };

export type FromQuantPanel =
  | FromAnyPanel
  | { type: "device"; name: string }
  | {
      type: "request";
      mode: QuantRequest["mode"];
      batch: number;
      contextTokens: number;
      latencyBound: boolean;
      language: string;
      belowFourBit: boolean;
    }
  | { type: "scan" }
  | { type: "cancelScan" }
  | { type: "insert"; id: string }
  | { type: "copy"; id: string }
  | { type: "verify" }
  | { type: "cancelVerify" };

/** The message if it is one of ours, else undefined. Nothing is acted on that did not pass here. */
export const readFromQuantPanel = reader<FromQuantPanel>({
  ...fromAnyPanel,
  device: { name: text },
  request: {
    mode: oneOf("sync", "async"),
    batch: positiveInteger,
    contextTokens: positiveInteger,
    latencyBound: yesOrNo,
    language: languageCode,
    belowFourBit: yesOrNo,
  },
  scan: {},
  cancelScan: {},
  insert: { id: text },
  copy: { id: text },
  verify: {},
  cancelVerify: {},
});
