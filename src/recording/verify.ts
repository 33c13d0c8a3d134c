/** Runs the check of formats in the user's own Python, as a run of its own: what the meters read meanwhile is its energy. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { malformedFile, WattlineError } from "../model/errors";
import type { Report } from "../model/report";
import { type TraceHeader, traceSchemaName } from "../model/trace";
import {
  type VerifyEnergy,
  type VerifyPlan,
  type VerifyResult,
  type VerifyRun,
  verifyResultSchema,
} from "../model/verify";
import { type Installation, verifyProgram } from "./paths";
import { readPythonResult } from "./pythonResult";
import { record } from "./record";
import { summarize } from "./summarize";

/** Of a result: a hundred variants of a million samples would be more, and nobody has those. */
const mostResultBytes = 256e6;

export interface VerifySettings {
  readonly python: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Everything is written into a temporary folder, which is gone at the end.
 * @throws WattlineError where the Python cannot be run, or says in a sentence why it cannot do it
 */
export async function verify(
  plan: VerifyPlan,
  { python, cwd, env }: VerifySettings,
  installation: Installation,
): Promise<VerifyRun> {
  const folder = await mkdtemp(join(tmpdir(), "wattline-verify-"));
  try {
    const [planPath, resultPath] = [join(folder, "plan.json"), join(folder, "result.json")];
    await writeFile(planPath, JSON.stringify(plan), { mode: 0o600 });
    const { runPath, exitCode } = await record(
      {
        argv: [python, "-B", verifyProgram(installation), planPath, resultPath],
        cwd,
        env,
        out: join(folder, "run"),
        rateHz: 10,
        // The spans are written here afterwards: the tracer would see a loop over a model and call it inference.
        trace: false,
        idle: false,
        labels: {},
      },
      installation,
    );
    if (runPath === undefined || exitCode > 128) throw new WattlineError("The verification was interrupted.");
    const result = await readResult(resultPath, python, exitCode);
    return { result, ...(result.spans.length > 0 ? await energiesOf(runPath, result) : { energies: [] }) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function readResult(path: string, python: string, exitCode: number): Promise<VerifyResult> {
  const result = await readPythonResult(path, verifyResultSchema, { python, exitCode, mostBytes: mostResultBytes });
  const { samples, baseline, variants } = result;
  const columns = [baseline, ...variants].flatMap(({ count, loss, correct }) => [count, loss, correct]);
  if (columns.some((column) => column !== undefined && column.length !== samples))
    throw malformedFile(path, "its columns differ in length");
  return result;
}

const phaseOf = (variant: string, beside: string) => `${beside}/${variant}`;

/** The spans become a trace of the run, and the report says what each took. */
async function energiesOf(
  runPath: string,
  { spans }: VerifyResult,
): Promise<Pick<VerifyRun, "energies" | "energySource" | "noEnergy">> {
  const header: TraceHeader = {
    schema: traceSchemaName,
    clock: "monotonic",
    pid: process.pid,
    rank: -1,
    startS: spans[0]!.startS,
    python: "",
    frameworks: {},
  };
  const rows = spans.map(({ variant, beside, startS, durationS }) => [
    "s",
    phaseOf(variant, beside),
    -1,
    startS,
    durationS,
    0,
  ]);
  await mkdir(join(runPath, "trace"), { recursive: true });
  await writeFile(
    join(runPath, "trace", `rank-0-${process.pid}.jsonl`),
    `${[header, ...rows].map((row) => JSON.stringify(row)).join("\n")}\n`,
  );
  const report = await summarize(runPath);
  const counted = report.devices.filter((device) => device.counted);
  if (counted.length === 0) return { energies: [], noEnergy: "No meter can be read here, so energy was not measured." };
  if (counted.some(({ source }) => source === "estimated")) {
    return {
      energies: [],
      noEnergy: "Power is only estimated here, which cannot tell two variants apart: energy was not measured.",
    };
  }
  const energies = energiesOfPhases(report, spans);
  return {
    energies,
    energySource: counted.every(({ source }) => source === "measured") ? "measured" : "integrated",
    ...(energies.length === 0
      ? { noEnergy: "The meters update too slowly for these turns: energy was not measured." }
      : {}),
  };
}

/** Phases whose energy cannot be told from another's are left out. */
function energiesOfPhases(report: Report, spans: VerifyResult["spans"]): VerifyEnergy[] {
  const variants = new Map(spans.map(({ variant, beside }) => [phaseOf(variant, beside), { variant, beside }]));
  return [...variants].flatMap(([phase, names]) => {
    const rows = report.phases.filter((row) => row.phase === phase);
    if (rows.length === 0 || rows.some(({ inseparableFrom }) => inseparableFrom !== undefined)) return [];
    return [
      {
        ...names,
        energyJ: rows.reduce((sum, row) => sum + row.energyJ, 0),
        standardErrorJ: Math.hypot(...rows.map((row) => row.standardErrorJ)),
      },
    ];
  });
}
