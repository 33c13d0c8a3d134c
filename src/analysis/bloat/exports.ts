/** A plan in the forms in which it is taken elsewhere: files for other tools, and the text that sets them up. */
import { type Answer, known, unknown } from "../../model/answer";
import type { BloatReport, Plan } from "../../model/bloat";
import { formatEnergy, formatQuantity } from "../../model/format";
import type { PlanExport } from "../../model/planExport";
import { exportPlanCsv, exportPlanPython, stagePlanOf } from "./frequencyPlan";
import type { Frontier } from "./frontier";
import { kindNames } from "./pipeline";
import type { Problem } from "./problem";
import { stageClocks } from "./stageClocks";

/**
 * @param report of the same frontier, for its plan and its baseline
 * @returns unknown, with the reason, where the plan has no clocks or no stages, which most forms are made of
 */
export function exportPlan(form: PlanExport, { problem }: Frontier, report: BloatReport): Answer<string> {
  const { plan } = report;
  if (form === "json") return known(`${JSON.stringify(plan, undefined, 2)}\n`);
  if (form === "csv") return known(exportPlanCsv(problem, plan));
  if (form === "clocks") return clockLines(problem, report);
  const stages = stagePlanOf(problem, plan);
  if (!stages.known) return stages;
  if (form === "zeus") return known(exportPlanPython(stages.value));
  if (form === "setUp") return known(zeusSetUp(problem, report));
  return known(megatronTable(problem, plan));
}

/** What the plan is and what it brings, a comment a line. */
function heading({ name, baseline, plan }: BloatReport): string[] {
  const saved = baseline.energyJ - plan.energyJ;
  return [
    `# ${oneLine(name ?? "Pipeline")}: plan for an iteration of ${seconds(plan.deadlineS)}, ${formatEnergy(plan.energyJ)}.`,
    `# Now: ${seconds(baseline.iterationTimeS)}, ${formatEnergy(baseline.energyJ)}; the plan takes ${formatEnergy(saved)} less. Computed by Wattline.`,
  ];
}

/**
 * The server and the call that Zeus needs to follow a plan (zeus/optimizer/pipeline_frequency: optimizer.py for the
 * arguments, server/scheduler.py for the settings).
 */
function zeusSetUp({ pipeline }: Problem, report: BloatReport): string {
  const stages = pipeline!.stageStart.length - 1;
  return `${[
    ...heading(report),
    "#",
    "# 1. Save the plan itself (Export, Frequency Plan for Zeus) as freqs_pipeline_00001.py. Zeus evaluates that file as",
    "#    Python: keep it where only you can write.",
    "# 2. Start the server of Zeus on one node:",
    "#",
    "#    pip install 'zeus[pfo,pfo-server]'",
    "#    ZEUS_PFO_SCHEDULER=PointSolution3D \\",
    `#    ZEUS_PFO_SCHEDULER_ARGS='{"solution_path": "freqs_pipeline_00001.py"}' \\`,
    "#    uvicorn zeus.optimizer.pipeline_frequency.server.router:app --host 127.0.0.1 --port 7787",
    "#",
    "# 3. In the training program, after torch.distributed and Megatron's parallel state are initialized:",
    "",
    "import torch",
    "from megatron.core import parallel_state",
    "from zeus.optimizer.pipeline_frequency.optimizer import PipelineFrequencyOptimizer",
    "",
    `assert parallel_state.get_pipeline_model_parallel_world_size() == ${stages}, "the plan has ${stages} stages"`,
    "",
    "frequency_optimizer = PipelineFrequencyOptimizer(",
    "    rank=torch.distributed.get_rank(),",
    "    dp_rank=parallel_state.get_data_parallel_rank(),",
    "    pp_rank=parallel_state.get_pipeline_model_parallel_rank(),",
    "    tp_rank=parallel_state.get_tensor_model_parallel_rank(),",
    "    device_id=torch.cuda.current_device(),",
    "    dp_degree=parallel_state.get_data_parallel_world_size(),",
    `    pp_degree=${stages},`,
    "    tp_degree=parallel_state.get_tensor_model_parallel_world_size(),",
    "    world_size=torch.distributed.get_world_size(),",
    '    server_url="http://127.0.0.1:7787",',
    ")",
    "",
    "# 4. Around each iteration and each pass of the pipeline schedule, in the order in which the stage runs them:",
    "#",
    "#    frequency_optimizer.on_step_begin()",
    '#    frequency_optimizer.on_instruction_begin("forward")   # or "backward", "recompute"',
    '#    frequency_optimizer.on_instruction_end("forward")',
    "#    frequency_optimizer.on_step_end()",
  ].join("\n")}\n`;
}

/** One clock a stage, as commands: coarser than the plan, and within reach of anybody who may set clocks. */
function clockLines(problem: Problem, report: BloatReport): Answer<string> {
  const { plan, baseline } = report;
  const clocks = stageClocks(problem, Math.round(plan.deadlineS * problem.ticksPerS));
  if (!clocks.known) return clocks;
  const { clocksMhz, iterationTimeS, energyJ } = clocks.value;
  if (iterationTimeS > plan.deadlineS * (1 + 1e-9)) {
    return unknown("the fastest clock that a stage's passes have in common does not keep this time");
  }
  return known(
    `${[
      "#!/bin/sh",
      `# ${oneLine(report.name ?? "Pipeline")}: one clock a stage, for an iteration of ${seconds(plan.deadlineS)}.`,
      `# By the profile ${seconds(iterationTimeS)} and ${formatEnergy(energyJ)}; now ${seconds(baseline.iterationTimeS)} and ${formatEnergy(baseline.energyJ)}.`,
      `# The plan that changes clocks between passes takes ${formatEnergy(plan.energyJ)}. Computed by Wattline.`,
      "# Needs root (or nvidia-smi -acp 0 beforehand). -i is the GPU that runs the stage: adapt it. Undo: nvidia-smi -rgc",
      ...clocksMhz.map((mhz, stage) => `nvidia-smi -i ${stage} -lgc ${mhz},${mhz}  # stage ${stage}`),
    ].join("\n")}\n`,
  );
}

/** A row an operation in the order in which each pipeline rank runs them, in Megatron-LM's words; tabs between. */
function megatronTable({ pipeline }: Problem, { operations }: Plan): string {
  const columns = [
    "pipeline_rank",
    "model_chunk",
    "microbatch",
    "step",
    "clock_mhz",
    "clock_now_mhz",
    "time_ms",
    "slack_ms",
  ];
  const rows = operations.map((operation, i) =>
    [
      pipeline!.stage[i],
      pipeline!.chunk[i],
      pipeline!.microbatch[i],
      `${kindNames[pipeline!.kind[i]!]}_step`,
      operation.frequencyMhz,
      operation.baselineFrequencyMhz ?? "",
      (operation.timeS * 1000).toFixed(3),
      (Math.max(0, operation.slackS) * 1000).toFixed(3),
    ].join("\t"),
  );
  return `${[columns.join("\t"), ...rows].join("\n")}\n`;
}

function seconds(timeS: number): string {
  return formatQuantity(timeS, "s");
}

/** A name from a file, within a comment. */
function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a line break would end the comment
  return text.slice(0, 200).replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, " ");
}
