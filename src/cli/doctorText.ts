/** What `wattline doctor` says to people: questions and answers, and a text to paste into a bug report. */
import { sourceMarks } from "../model/device";
import { formatDuration, formatPower, formatQuantity, unknownText } from "../model/format";
import type { Check, DoctorAnswer } from "../recording/doctor";
import { indentRemedy } from "./remedy";
import { printable, table, wrap } from "./table";

/** @param home the user's folder, which stands as ~ in the text for others */
export function doctorText(answer: DoctorAnswer, home?: string): string {
  const parts = [
    question("What can be measured here?", measured(answer)),
    ...(answer.meters.unavailable.length > 0 ? [question("What cannot, and what helps?", missing(answer))] : []),
    ...(answer.trials.length > 0 ? [question("How good are the readings?", trials(answer))] : []),
    question("Is everything else in place?", checks(answer.checks)),
    question("What now?", advice(answer)),
    `For a bug report, copy from here:\n\n${forReport(answer, home)}`,
  ];
  return `${parts.join("\n\n")}\n`;
}

function question(text: string, answer: string): string {
  return `${text}\n\n${answer}`;
}

const howRead = {
  measured: "read from an energy counter",
  integrated: "read as power and added up over time",
  estimated: "guessed from its load",
} as const;

function measured({ meters: { devices } }: DoctorAnswer): string {
  if (devices.length === 0) return "  Nothing.";
  return devices
    .map((device) => {
      const part = device.counted ? "" : device.partOf ? " Part of another, so not added." : " Not added to a total.";
      const gain = device.gainError === undefined ? "" : ` The sensor may be off by ${percent(device.gainError)}.`;
      const now = device.powerW === undefined ? "" : `, ${formatPower(device.powerW)} now`;
      const text = `${sourceMarks[device.source]} ${printable(device.name)}${now}: ${howRead[device.source]} (${device.meter}).${gain}${part}`;
      return wrap(text, 80, "  ");
    })
    .join("\n");
}

function missing({ meters: { unavailable } }: DoctorAnswer): string {
  return unavailable
    .map(({ meter, reason, remedy }) => `${wrap(`${meter}: ${printable(reason)}`, 80, "  ")}\n${indentRemedy(remedy)}`)
    .join("\n\n");
}

function trials({ meters: { devices }, trials: rows }: DoctorAnswer): string {
  const name = new Map(devices.map((device) => [device.id, device]));
  const text = table(
    [
      ["Device", "New value every", "Stated", "Noise", "A poll takes"],
      ...rows.map(({ device, updatePeriodS, noiseW, pollTimeS }) => [
        printable(name.get(device)?.name ?? device),
        seconds(updatePeriodS),
        seconds(name.get(device)?.updatePeriodS),
        noiseW === undefined ? unknownText : formatPower(noiseW),
        seconds(pollTimeS),
      ]),
    ],
    ["left", "right", "right", "right", "right"],
  );
  const note =
    "Found by reading for two seconds. Where no period stands, the meter has new values faster than it was asked, or " +
    "hardly any. Noise is how much the power varies from one tenth of a second to the next, the machine's own unrest included.";
  return `${indent(text)}\n\n${wrap(note, 80, "  ")}`;
}

function checks(all: readonly Check[]): string {
  return all
    .map(({ state, message, remedy }) => {
      const [first = "", ...rest] = wrap(printable(message), 70, "").split("\n");
      const lines = [`  ${state.padEnd(8)}${first}`, ...rest.map((line) => `          ${line}`)];
      if (remedy && state !== "ok") lines.push(...wrap(printable(remedy), 80, "          ").split("\n"));
      return lines.join("\n");
    })
    .join("\n");
}

function advice({ meters: { devices, unavailable }, checks: all }: DoctorAnswer): string {
  const failed = all.find(({ state }) => state === "failed");
  if (failed) return wrap(`First: ${failed.remedy ?? failed.message}`, 80, "  ");
  if (devices.every(({ source }) => source === "estimated") && unavailable.length > 0) {
    return wrap(
      "Make one of the meters above readable: what is estimated shows whether something runs, not what it costs. Runs can be recorded already: wattline run -- python train.py",
      80,
      "  ",
    );
  }
  return "  Record a run: wattline run -- python train.py";
}

/** Facts without names of the machine or its user. */
function forReport({ meters, checks: all, trials: rows }: DoctorAnswer, home: string | undefined): string {
  const trial = new Map(rows.map((row) => [row.device, row]));
  const lines = [
    ...all.map(({ id, state, message }) => `${state} ${id}: ${message}`),
    ...meters.devices.map((device) => {
      const { updatePeriodS, noiseW, pollTimeS } = trial.get(device.id) ?? {};
      const facts = [
        `${device.kind} "${device.name}" by ${device.meter}, ${device.source}${device.counted ? "" : ", not counted"}`,
        `power ${formatPower(device.powerW)}`,
        `new every ${seconds(updatePeriodS)} (stated ${seconds(device.updatePeriodS)})`,
        `noise ${formatPower(noiseW)}`,
        `poll ${seconds(pollTimeS)}`,
      ];
      return facts.join(", ");
    }),
    ...meters.unavailable.map(({ meter, reason }) => `not read ${meter}: ${reason}`),
  ];
  const text = lines.map((line) => printable(line)).join("\n");
  return home && home !== "/" ? text.replaceAll(home, "~") : text;
}

function seconds(value: number | undefined): string {
  if (value === undefined) return unknownText;
  return value < 1e-3 ? formatQuantity(value, "s") : formatDuration(value);
}

function percent(share: number): string {
  return `${Math.round(share * 1000) / 10} %`;
}

function indent(text: string): string {
  return text.replace(/^/gm, "  ");
}
