import { sourceMarks } from "../../src/model/device";
import { formatDuration, formatEnergy, formatMoment, formatShare } from "../../src/model/format";
import { Drawing, type Picture } from "../shared/picture";
import { palette } from "../shared/theme";
import { factorText } from "./numbers";
import type { RunView } from "./runView";
import { partVariable, stepsOf } from "./waterfall";

const width = 960;
const margin = 28;
const rowPx = 26;
const mostStragglers = 4;

/** The waterfall of a run as a picture: title, date, sentence, bars with whiskers, who is waited for. */
export function runPicture({ title, startedAt, headline, report }: RunView): Picture {
  const drawing = new Drawing(width);
  const { muted, foreground, hairline } = drawing.colours;
  drawing.text(margin, 40, title, { size: 17, weight: 600, width: width - 2 * margin - 260 });
  const when = `${formatMoment(startedAt, new Date(0))} · ${formatDuration(report.run.durationS)} · ${report.run.state}`;
  drawing.text(width - margin, 40, when, { colour: muted, anchor: "end" });
  let y = 52;
  for (const line of drawing.wrap(headline, 17, width - 2 * margin, 3)) {
    y += 24;
    drawing.text(margin, y, line, { size: 17 });
  }
  y += 24;
  const [left, right] = [margin + 220, width - margin - 190];
  const xOf = (energyJ: number) =>
    left + (Math.min(report.energyJ, Math.max(0, energyJ)) / report.energyJ) * (right - left);
  for (const step of stepsOf(report)) {
    const valueJ = step.toJ - step.fromJ;
    drawing.text(margin, y + 12, step.label, { width: 210 });
    drawing.rect(xOf(step.fromJ), y, Math.max(1, xOf(step.toJ) - xOf(step.fromJ)), 15, {
      fill: colourOf(partVariable(step.part?.cause, step.kind)),
      ...(step.part === undefined ? { stroke: foreground } : {}),
    });
    if (step.standardErrorJ !== undefined) {
      const end = step.part === undefined ? step.toJ : step.fromJ;
      drawing.line(xOf(end - step.standardErrorJ), y + 7.5, xOf(end + step.standardErrorJ), y + 7.5, foreground);
    }
    const mark = step.part === undefined ? "" : ` ${sourceMarks[step.part.basis]}`;
    drawing.text(width - margin - 56, y + 12, `${formatEnergy(valueJ, step.standardErrorJ)}${mark}`, { anchor: "end" });
    drawing.text(width - margin, y + 12, formatShare(valueJ / report.energyJ), { anchor: "end", colour: muted });
    y += rowPx;
  }
  for (const { rank, slowdown, energyOfOthersJ, standardErrorJ } of report.stragglers.slice(0, mostStragglers)) {
    y += 20;
    const lost = formatEnergy(energyOfOthersJ, standardErrorJ);
    drawing.text(
      margin,
      y,
      `Rank ${rank}: ${factorText(slowdown)} as long as the others, who spent ${lost} waiting for it.`,
    );
  }
  drawing.line(margin, y + 16, width - margin, y + 16, hairline);
  const legend = `${sourceMarks.measured} measured · ${sourceMarks.modelled} modelled · ± one standard error`;
  drawing.text(margin, y + 36, legend, { size: 11, colour: muted });
  drawing.text(width - margin, y + 36, "Wattline", { size: 11, colour: muted, anchor: "end" });
  return drawing.finish(y + 56, title);
}

/** The colour behind a custom property, as a picture needs it. */
function colourOf(variable: string): string {
  return variable === "--wl-phase-other-edge"
    ? palette().phaseOtherEdge
    : palette().phase(variable.replace("--wl-phase-", ""));
}
