import type { Calibration } from "../model/calibration";
import { badArguments, commandNotFound } from "../model/errors";
import { formatPower, formatQuantity, formatShare } from "../model/format";
import { calibrate } from "../recording/calibrate";
import { findPython } from "../recording/findPython";
import type { Installation } from "../recording/paths";
import { numberOption, parse, takeJson } from "./arguments";
import type { Command } from "./command";
import { printable, table, wrap } from "./table";

const usage = "wattline calibrate [--python PYTHON] [--seconds S] [--json]";

const options = { python: { type: "string" }, seconds: { type: "string", default: "2" } } as const;

export const calibrateCommand = (installation: Installation): Command => ({
  name: "calibrate",
  summary: "measure what this machine's devices reach with your PyTorch, for gap and utilization",
  usage,
  async run(args, io) {
    const { json, rest } = takeJson(args);
    const { values, positionals } = parse(rest, options, usage);
    if (positionals.length > 0) throw badArguments("calibrate takes no words.", usage);
    const seconds = numberOption("seconds", values.seconds, 0.1, 60, usage);
    const python = values.python ?? (await findPython({ env: io.env, platform: process.platform }));
    if (python === undefined) throw commandNotFound("python3");
    if (!json) io.stderr("Multiplying matrices and copying memory on every device; nothing else should run now…\n\n");
    const answer = await calibrate({ python, seconds, cwd: process.cwd(), env: io.env }, installation);
    io.stdout(json ? `${JSON.stringify(answer, undefined, 2)}\n` : calibrationText(answer));
    return 0;
  },
});

/** More than this between repeats, and something else ran. */
const muchSpread = 0.1;

export function calibrationText({ devices, machine }: Calibration): string {
  const rows = devices.map(({ name, dtype, peakFlopsPerS, bandwidthBytesPerS, powerW, joulesPerFlop, spread }) => [
    printable(name),
    dtype,
    formatQuantity(peakFlopsPerS, "FLOP/s"),
    formatQuantity(bandwidthBytesPerS, "B/s"),
    formatPower(powerW),
    formatQuantity(joulesPerFlop, "J/FLOP"),
    formatShare(spread),
  ]);
  const head = ["Device", "Numbers", "Products", "Copies", "Power", "", "Spread"];
  const where = `PyTorch ${machine.torch}, Python ${machine.python}${machine.driver ? `, driver ${machine.driver}` : ""}`;
  const parts = [
    table([head, ...rows], ["left", "left", "right", "right", "right", "right", "right"]),
    ...(devices.some(({ spread }) => spread > muchSpread)
      ? [wrap("! Repeats differ by more than 10 %: something else ran, or the clock changed. Try again.", 80, "")]
      : []),
    wrap(
      `Kept for ${printable(machine.host)} (${printable(where)}). Runs that are recorded from now on use it.`,
      80,
      "",
    ),
  ];
  return `${parts.join("\n\n")}\n`;
}
