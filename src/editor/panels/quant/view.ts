import { basename } from "node:path";
import { adviceFor, type UseOfModel } from "../../../analysis/quantization/advice";
import { layerMap } from "../../../analysis/quantization/layerMap";
import { kvCurve, longestContext } from "../../../analysis/quantization/sizes";
import { snippetsFor } from "../../../analysis/quantization/snippets";
import type { QuantView, ScanState, VerifyState } from "../../../messages/quant";
import { gpuNames } from "../../../model/gpus";
import type { ModelFacts, QuantReport } from "../../../model/quantization";

export interface ViewInput {
  readonly path: string;
  readonly facts: ModelFacts;
  readonly report: QuantReport;
  readonly device: string;
  readonly scan: ScanState;
  readonly verify: VerifyState;
  /** What the code calls the model. */
  readonly model: string;
  readonly use?: UseOfModel;
}

/** Everything that the panel shows. Layers stay here: the map has what is drawn of them. */
export function quantView({ path, facts, report, device, scan, verify, model, use }: ViewInput): QuantView {
  const map = layerMap(report.layers, report.proposal.format, report.device);
  const { device: found, request } = report;
  const memory = found?.memoryBytes === undefined ? undefined : found.memoryBytes * found.count;
  const longest = (format: QuantReport["proposal"]["format"]) =>
    memory === undefined ? undefined : longestContext(facts, format, request.batch, memory);
  const [proposal, sixteen] = [longest(report.proposal.format), longest("bf16")];
  return {
    path,
    title: facts.name ?? nameOf(path),
    report: { ...report, layers: [] },
    device,
    devices: ["cpu", ...gpuNames],
    scan,
    ...(map === undefined ? {} : { map }),
    snippets: snippetsFor(report, model),
    advice: adviceFor(facts, report, use),
    kv: kvCurve(facts.config, request.batch),
    ...(proposal === undefined || sixteen === undefined ? {} : { longestContext: { proposal, sixteen } }),
    verify,
  };
}

/** A snapshot of the hub's cache is called by a commit: its model's name stands two folders above. */
export function nameOf(path: string): string {
  const cached = /models--([^\\/]+)[\\/]snapshots[\\/][0-9a-f]{40}/.exec(path)?.[1];
  return cached?.replaceAll("--", "/") ?? basename(path);
}
