import { stat } from "node:fs/promises";
import { modelFacts } from "../../analysis/quantization/facts";
import { loadSummary } from "../../analysis/quantization/loadSummary";
import { quantReport } from "../../analysis/quantization/report";
import { defaultRequest } from "../../model/quantization";
import type { ModelLoad } from "../../source/modelLoads";
import { quantDevice } from "../../store/checkpoint/device";
import { openCheckpoint } from "../../store/checkpoint/open";

/** What a line that loads a model says of it, each file looked at once as long as it does not change. */
export class CheckpointSummaries {
  private readonly known = new Map<string, { readonly changed: string; readonly text: string | undefined }>();

  /** @returns undefined where nothing can be said of it: it is no checkpoint, or has a fault */
  async of(path: string, load: ModelLoad): Promise<string | undefined> {
    const key = `${path}\n${load.dtype ?? ""}\n${load.quantized ?? ""}`;
    const { mtimeMs, size } = await stat(path);
    const changed = `${mtimeMs} ${size}`;
    const before = this.known.get(key);
    if (before?.changed === changed) return before.text;
    const text = summaryOf(path, load);
    this.known.set(key, { changed, text });
    return text;
  }
}

function summaryOf(path: string, load: ModelLoad): string | undefined {
  try {
    const checkpoint = openCheckpoint(path);
    const facts = modelFacts(checkpoint);
    if (facts.parameters === 0) return undefined;
    const request = defaultRequest("sync", checkpoint.config.maxContext);
    const report = quantReport({ facts, device: quantDevice(undefined), request, notes: [] });
    return loadSummary(facts, report, load);
  } catch {
    return undefined;
  }
}
