import type { QuantView } from "../../src/messages/quant";
import { formatBytes, formatRange, unknownText } from "../../src/model/format";
import { Drawing, type Picture } from "../shared/picture";
import { heatEdges, heatOf } from "./layers";

const width = 960;
const margin = 28;
const rowHeight = 21;

/** The advice as a picture: sentence, table of formats, map of layers, and where the numbers come from. */
export function quantPicture(view: QuantView): Picture {
  const drawing = new Drawing(width);
  const { muted, hairline, band } = drawing.colours;
  const { report } = view;
  drawing.text(margin, 40, view.title, { size: 17, weight: 600, width: width / 2 });
  drawing.text(width - margin, 40, report.device?.name ?? "no device", { colour: muted, anchor: "end" });
  let y = 52;
  for (const line of drawing.wrap(report.headline, 16, width - 2 * margin, 5)) {
    y += 22;
    drawing.text(margin, y, line, { size: 16 });
  }
  y += 34;
  const columns = [margin + 8, 250, 350, 500, 660, 800, width - margin - 8];
  const heads = ["Format", "Weights", "In all", "On this device", "Time a token ○", "Accuracy kept", "SQNR"];
  const anchors = ["start", "end", "end", "end", "end", "end", "end"] as const;
  heads.forEach((head, i) => {
    drawing.text(columns[i]!, y, head, { size: 12, colour: muted, anchor: anchors[i]! });
  });
  for (const row of report.formats) {
    y += rowHeight;
    const isProposed = row.format === report.proposal.format;
    if (isProposed) drawing.rect(margin, y - 15, width - 2 * margin, rowHeight, { stroke: band, radius: 3 });
    const impossible = row.runs === false || row.fits === false;
    const cells = [
      row.format,
      formatBytes(row.weightBytes),
      formatBytes(row.totalBytes),
      row.runs === false ? "no kernel" : row.fits === undefined ? unknownText : row.fits ? "fits" : "does not fit",
      formatRange(row.timePerTokenS, "s"),
      row.recovery === undefined ? unknownText : `${row.recovery.percent.toFixed(1)} %`,
      row.sqnrDb === undefined ? unknownText : `${row.sqnrDb.toFixed(1)} dB`,
    ];
    cells.forEach((cell, i) => {
      drawing.text(columns[i]!, y, cell, {
        size: 12.5,
        anchor: anchors[i]!,
        weight: isProposed ? 600 : 400,
        ...(impossible ? { colour: muted } : {}),
      });
    });
  }
  y += 34;
  y = drawMap(drawing, view, y);
  drawing.line(margin, y + 6, width - margin, y + 6, hairline);
  drawing.text(margin, y + 28, report.modelled === undefined ? "" : `○ modelled: ${report.modelled.formula}`, {
    size: 11,
    colour: muted,
  });
  drawing.text(width - margin, y + 28, "Wattline", { size: 11, colour: muted, anchor: "end" });
  return drawing.finish(y + 48, view.title);
}

function drawMap(drawing: Drawing, { map }: QuantView, top: number): number {
  if (map === undefined) return top;
  const { foreground, muted, warning, grid } = drawing.colours;
  drawing.text(margin, top, `Penalty of ${map.format} against Gaussian weights, blocks across, projections down`, {
    weight: 600,
  });
  const name = 150;
  const cell = Math.min(30, (width - 2 * margin - name) / map.blocks.length);
  let y = top + 14;
  map.projections.forEach((projection, i) => {
    drawing.text(margin, y + i * 18 + 12, projection, { size: 11, colour: muted, width: name - 10 });
  });
  for (const each of map.cells) {
    const heat = heatOf(each);
    const x = margin + name + each.block * cell;
    const at = y + each.projection * 18;
    drawing.rect(x, at, cell - 1.5, 16.5, { stroke: grid, radius: 2 });
    if (heat !== undefined && heat > 0) {
      drawing.path(`M${x} ${at}h${cell - 1.5}v16.5h${-(cell - 1.5)}z`, {
        fill: warning,
        opacity: heat / heatEdges.length,
      });
    }
    if (each.override !== undefined) drawing.circle(x + cell / 2 - 0.7, at + 8, 3, { fill: foreground });
  }
  y += map.projections.length * 18 + 18;
  drawing.text(
    margin,
    y,
    `filled: up to ${heatEdges.join(", ")} dB and more; dot: a format of its own in the proposal`,
    { size: 11, colour: muted },
  );
  return y + 12;
}
