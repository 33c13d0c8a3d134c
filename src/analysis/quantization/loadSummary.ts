import { formatBytes } from "../../model/format";
import type { Format, ModelFacts, QuantReport } from "../../model/quantization";

/** What a format is called where people choose one. */
export const formatNames: Readonly<Partial<Record<Format, string>>> = {
  "int4-g128": "W4A16",
  "int4-g128-mse": "W4A16",
  "int4-g128-asym": "W4A16",
  "int4-g32": "W4A16",
  "int8-channel": "W8A8-INT8",
  "fp8-e4m3": "FP8",
  nf4: "NF4",
  nvfp4: "NVFP4",
  mxfp4: "MXFP4",
  q4_k_m: "Q4_K_M",
  q8_0: "Q8_0",
};

const loaded: Readonly<Record<string, { readonly name: string; readonly bytes: number }>> = {
  bfloat16: { name: "bf16", bytes: 2 },
  float16: { name: "fp16", bytes: 2 },
  float32: { name: "f32", bytes: 4 },
};

/**
 * `bf16, 16.1 GB · W4A16 would be 5.7 GB`: what a line that loads a model takes, and what the proposal would.
 * @param dtype that the line asks for; `quantized`: it quantizes while it loads
 */
export function loadSummary(
  facts: ModelFacts,
  report: QuantReport,
  { dtype, quantized }: { readonly dtype?: string; readonly quantized?: string },
): string {
  const asked = report.model.alreadyQuantized === undefined ? loaded[dtype ?? ""] : undefined;
  const type = asked?.name ?? facts.dtype;
  const bytes = asked === undefined ? facts.weightBytes : facts.parameters * asked.bytes;
  const now = `${type}, ${formatBytes(bytes)}`;
  if (report.model.alreadyQuantized !== undefined) return `${now} · quantized already`;
  if (quantized !== undefined) return `${now}, loaded by ${quantized}`;
  if (report.notForYou !== undefined) return `${now} · quantizing would not help here`;
  const { format, weightBytes } = report.proposal;
  return `${now} · ${formatNames[format] ?? format} would be ${formatBytes(weightBytes)}`;
}
