/** The four numbers and the lines on top. */
import { formatBytes, formatQuantity, formatShare, quantityParts, unknownText } from "../../src/model/format";
import type { GapNote, GapReport } from "../../src/model/gap";
import type { Note, Tile } from "../shared/panelFrame";

export function tiles({ totals, energySource, notes }: GapReport): Tile[] {
  const why = notes.find(({ code }) => code === "unknown-device" || code === "no-peak");
  const reason = why === undefined ? {} : { reason: "the machine's limits are not known" };
  const share = (label: string, value: number | undefined, title: string): Tile => {
    const [number = unknownText, unit = ""] = formatShare(value).split(/ (?=%)/);
    return value === undefined
      ? { label, number: unknownText, unit: "", ...reason }
      : { label, number, unit, source: "modelled", title };
  };
  const time = quantityParts(totals.timeS, "s");
  const lost = quantityParts(totals.lostEnergyJ, "J");
  return [
    {
      label: "layers, an iteration",
      number: time.number,
      unit: time.unit,
      source: "measured",
      title: `${formatQuantity(totals.flops, "FLOP")}, at least ${formatBytes(totals.bytes)} moved`,
    },
    share("of the peak reached", totals.efficiency, "FLOPs at the machine's peak, over the measured time"),
    share(
      "the roofline allows",
      totals.attainableEfficiency,
      "What better kernels could reach at most, with each layer's data moved once",
    ),
    {
      label: "energy lost, an iteration",
      number: lost.number,
      unit: lost.unit,
      ...(totals.lostEnergyJ === undefined
        ? { reason: "no phase's power is known" }
        : {
            source: energySource ?? "modelled",
            title: `Of ${formatQuantity(totals.energyJ, "J")}: the mean power of each phase over the time that is lost`,
          }),
    },
  ];
}

const onTop: Partial<Record<GapNote["code"], Note["kind"]>> = {
  "no-layers": "info",
  "unknown-device": "info",
  "no-peak": "info",
  "bad-rows": "warning",
  "over-peak": "warning",
  "no-bytes": "info",
};

export function notes({ notes: all }: GapReport, state: "running" | "finished" | "interrupted"): Note[] {
  const lines = all.flatMap(({ code, message }): Note[] => {
    const kind = onTop[code];
    return kind === undefined ? [] : [{ kind, text: message.replaceAll("`", "") }];
  });
  if (state === "running") lines.unshift({ kind: "info", text: "The run goes on. What was measured so far is shown." });
  if (state === "interrupted") {
    lines.unshift({ kind: "warning", text: "The run was interrupted. What was recorded until then is shown." });
  }
  return lines;
}
