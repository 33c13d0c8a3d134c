import { adviceFor } from "../../src/analysis/quantization/advice";
import { modelFacts } from "../../src/analysis/quantization/facts";
import { layerMap } from "../../src/analysis/quantization/layerMap";
import { quantReport } from "../../src/analysis/quantization/report";
import { kvCurve, longestContext } from "../../src/analysis/quantization/sizes";
import { snippetsFor } from "../../src/analysis/quantization/snippets";
import { gaussianSqnrDb } from "../../src/analysis/quantization/statistics";
import type { QuantView } from "../../src/messages/quant";
import type { Checkpoint } from "../../src/model/checkpoint";
import { gpuCalled, gpuNames } from "../../src/model/gpus";
import {
  formatBits,
  type ModelConfig,
  type QuantDevice,
  type QuantRequest,
  scannedFormats,
  type TensorStatistics,
} from "../../src/model/quantization";
import { TensorTable } from "../../src/model/tensorTable";

export interface QuantOptions {
  readonly layers?: number;
  readonly device?: string;
  readonly request?: Partial<QuantRequest>;
  readonly hidden?: number;
  readonly name?: string;
  /** Without the weights' statistics. */
  readonly headerOnly?: boolean;
  readonly prefix?: string;
}

/** A view of a Llama-3.1-8B whose weights were never there: statistics are made, all else is computed from them. */
export function makeQuant(options: QuantOptions = {}): QuantView {
  const { layers = 32, device: name = "RTX 4090", hidden = 4096, headerOnly = false, prefix = "model." } = options;
  const config: ModelConfig = {
    architecture: "LlamaForCausalLM",
    name: options.name ?? "Llama-3.1-8B",
    hiddenSize: hidden,
    intermediateSize: Math.round(3.5 * hidden),
    layers,
    heads: hidden / 128,
    kvHeads: hidden / 512,
    headSize: 128,
    vocabularySize: 128256,
    tiedEmbeddings: false,
    maxContext: 131072,
    gatedFeedForward: true,
    dtype: "bfloat16",
  };
  const checkpoint: Checkpoint = {
    path: "/models/m",
    kind: "config",
    files: [],
    tensors: new TensorTable(),
    config,
    notes: [],
  };
  const facts = modelFacts(checkpoint);
  const { gpu } = gpuCalled(name)!;
  const { name: full, vendor, computeCapability, memoryBytes, bandwidthBytesPerS, tdpW, peakPerS } = gpu;
  const device: QuantDevice = {
    name: full,
    kind: "gpu",
    count: 1,
    vendor,
    ...(computeCapability === undefined ? {} : { computeCapability }),
    memoryBytes,
    bandwidthBytesPerS,
    tdpW,
    peakPerS,
  };
  const request: QuantRequest = {
    mode: "sync",
    batch: 1,
    contextTokens: 4096,
    latencyBound: false,
    language: "en",
    belowFourBit: false,
    ...options.request,
  };
  const scanned = headerOnly ? undefined : statistics(layers, prefix);
  const report = quantReport({
    facts,
    device,
    request,
    notes: [],
    ...(scanned === undefined
      ? {}
      : { scan: { layers: scanned, skipped: [], total: totalOf(scanned), bytesRead: 14e9, elapsedS: 21 } }),
  });
  const memory = device.memoryBytes!;
  const map = layerMap(report.layers, report.proposal.format, device);
  return {
    path: "/models/m",
    title: options.name ?? "Llama-3.1-8B",
    report: { ...report, layers: [] },
    device: full,
    devices: ["cpu", ...gpuNames],
    scan: headerOnly ? { state: "running", doneBytes: 3.1e9, totalBytes: 14e9 } : { state: "done" },
    ...(map === undefined ? {} : { map }),
    snippets: snippetsFor(report, "meta-llama/Llama-3.1-8B"),
    advice: adviceFor(facts, report, { trains: true, usesPeft: false }),
    kv: kvCurve(config, request.batch),
    longestContext: {
      proposal: longestContext(facts, report.proposal.format, request.batch, memory)!,
      sixteen: longestContext(facts, "bf16", request.batch, memory)!,
    },
    verify: { state: "ready" },
  };
}

const projections = [
  "self_attn.q_proj",
  "self_attn.k_proj",
  "self_attn.v_proj",
  "self_attn.o_proj",
  "mlp.gate_proj",
  "mlp.up_proj",
  "mlp.down_proj",
];

/** Penalties as models have them: most near 0.4 dB, the first and last blocks and a few projections worse. */
function statistics(layers: number, prefix: string): TensorStatistics[] {
  return Array.from({ length: layers }, (_, block) =>
    projections.map((projection, column): TensorStatistics => {
      const wave = Math.abs(Math.sin(block * 1.7 + column * 2.3));
      const edge = block === 0 || block === layers - 1 ? 1.4 : 0;
      const worst = (block === 1 && column === 6 ? 4.5 : 0) + (block === layers - 2 && column === 2 ? 2.2 : 0);
      const penalty = 0.15 + 0.7 * wave + edge * (column === 6 ? 2 : 0.6) + worst;
      return {
        name: `${prefix}layers.${block}.${projection}.weight`,
        shape: [4096, column > 3 ? 14336 : 4096],
        kurtosis: 3 + penalty * penalty,
        maxOverSigma: 5 + 2 * penalty,
        sqnrDb: Object.fromEntries(
          scannedFormats.map((format) => [
            format,
            gaussianSqnrDb[format] - penalty * (formatBits[format] >= 8 ? 0.4 : 1),
          ]),
        ),
        flagged: worst > 0,
      };
    }),
  ).flat();
}

function totalOf(layers: readonly TensorStatistics[]) {
  const mean = (format: (typeof scannedFormats)[number]) =>
    layers.reduce((sum, { sqnrDb }) => sum + 10 ** (-sqnrDb[format]! / 10), 0) / layers.length;
  return {
    signal: 1,
    noise: Object.fromEntries(scannedFormats.map((format) => [format, mean(format)])) as Record<
      (typeof scannedFormats)[number],
      number
    >,
  };
}
