/** The forms in which a plan is exported: what each is called, and what kind of file it is. */
export const planExports = {
  json: { label: "Plan as JSON", file: "plan.json", language: "json" },
  csv: { label: "Frequency Plan as CSV", file: "frequencies.csv", language: "plaintext" },
  zeus: { label: "Frequency Plan for Zeus", file: "freqs_pipeline_00001.py", language: "python" },
  setUp: { label: "Set-Up of Zeus's PipelineFrequencyOptimizer", file: "frequency_optimizer.py", language: "python" },
  clocks: { label: "One Clock a Stage, nvidia-smi", file: "set-clocks.sh", language: "shellscript" },
  megatron: { label: "Table by Pipeline Rank, Megatron-LM", file: "plan.tsv", language: "plaintext" },
} as const;

export type PlanExport = keyof typeof planExports;
export const planExportNames = Object.keys(planExports) as readonly PlanExport[];
