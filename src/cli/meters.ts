import { type Device, sourceMarks } from "../model/device";
import { badArguments } from "../model/errors";
import { formatPower, formatQuantity, unknownText } from "../model/format";
import { type Installation, samplerProgram } from "../recording/paths";
import { type MetersAnswer, probeMeters } from "../recording/probe";
import { parse, takeJson } from "./arguments";
import type { Command } from "./command";
import { indentRemedy } from "./remedy";
import { printable, table, wrap } from "./table";

const usage = "wattline meters [--json]";

export const metersCommand = (installation: Installation): Command => ({
  name: "meters",
  summary: "list what can be measured here, how, and what cannot and why",
  usage,
  async run(args, io) {
    const { json, rest } = takeJson(args);
    if (parse(rest, {}, usage).positionals.length > 0) throw badArguments("meters takes no words.", usage);
    const answer = await probeMeters({ env: io.env, platform: process.platform }, samplerProgram(installation));
    io.stdout(json ? `${JSON.stringify(answer, undefined, 2)}\n` : metersTable(answer));
    return 0;
  },
});

/** What `wattline meters` prints for people. */
export function metersTable({ devices, unavailable }: MetersAnswer): string {
  const rows = devices.map((device) => [
    printable(device.name),
    formatPower(device.powerW),
    `${sourceMarks[device.source]} ${device.source}`,
    device.updatePeriodS === undefined ? unknownText : formatQuantity(device.updatePeriodS, "s"),
    device.powerLimitW === undefined ? "" : `limit ${formatPower(device.powerLimitW)}`,
    device.counted ? "" : notCounted(device),
  ]);
  const heading = ["Device", "Now", "Source", "Every", "", ""];
  const parts = [
    devices.length === 0
      ? "Nothing can be measured here."
      : table([heading, ...rows], ["left", "right", "left", "right", "left", "left"]),
    ...devices
      .filter(({ model }) => model !== undefined)
      .map((device) => wrap(`${device.name} is estimated: ${printable(device.model!)}`, 80, "")),
    ...unavailable.map(
      ({ meter, reason, remedy }) =>
        `Not read: ${printable(meter)}\n${wrap(printable(reason), 80, "  ")}\n${indentRemedy(remedy)}`,
    ),
  ];
  return `${parts.join("\n\n")}\n`;
}

function notCounted(device: Pick<Device, "partOf">): string {
  return device.partOf === undefined ? "not counted" : "part of another";
}
