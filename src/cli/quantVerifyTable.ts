import { formatQuantity, unknownText } from "../model/format";
import type { Interval, VerifiedFormat, VerifyAnswer } from "../model/verify";
import { printable, table, wrap } from "./table";

/** What was measured on the user's data: one row a format, the baseline first. */
export function verifyText(verify: VerifyAnswer, columns: number): string {
  const { metric, unit, baseline, samples, tokens, formats } = verify;
  const what = metric === "perplexity" ? "Perplexity" : "Accuracy";
  const show = (value: number) => (metric === "perplexity" ? value.toPrecision(5) : `${(100 * value).toFixed(1)} %`);
  const heading = ["", what, "Change", "95 %", "Same choice", `Time/${unit} ●`, "× time", `Energy/${unit}`];
  const rows = formats.map((row) => [
    row.mixed ? `${row.format} + overrides` : row.format,
    show(row.value),
    changeText(row.change, verify),
    intervalText(row.interval, verify),
    row.agreement === undefined ? unknownText : `${(100 * row.agreement).toFixed(1)} %`,
    quantity(row.timePerTokenS, "s"),
    ratioText(row),
    energyText(row),
  ]);
  const drawn = table(
    [
      heading,
      ["as it is", show(baseline), "", "", "", quantity(verify.timePerTokenS, "s"), "", energyText(verify)],
      ...rows,
    ],
    ["left", "right", "right", "right", "right", "right", "right", "right"],
  );
  const reasons = new Map<string, string[]>();
  for (const { format, notMeasured } of formats)
    if (notMeasured !== undefined) reasons.set(notMeasured, [...(reasons.get(notMeasured) ?? []), format]);
  const notes = [
    ...verify.notes,
    ...[...reasons].map(([reason, which]) => `No time for ${which.join(", ")}: ${reason}`),
    ...(verify.calibration === undefined ? [] : [verify.calibration.message]),
    ...(verify.calibration?.overrides ?? []).map(({ pattern, format }) => `${format}  ${pattern}`),
  ];
  const title = `Measured on your data: ${samples} samples${tokens === undefined ? "" : `, ${tokens.toLocaleString("en")} tokens`} (${printable(verify.device)}, ${printable(verify.computedIn)})`;
  return [title, drawn, ...notes.map((note) => wrap(printable(note), columns, "  "))].join("\n");
}

const quantity = (value: number | undefined, unit: string) =>
  value === undefined ? unknownText : formatQuantity(value, unit);

const signed = (value: number, digits: number) => `${value >= 0 ? "+" : "−"}${Math.abs(value).toFixed(digits)}`;

/** Of perplexity in percent of the baseline, of accuracy in points. */
function changeText(change: number, { metric, baseline }: VerifyAnswer): string {
  return metric === "perplexity" ? `${signed((100 * change) / baseline, 2)} %` : `${signed(100 * change, 1)} points`;
}

function intervalText([low, high]: Interval, verify: VerifyAnswer): string {
  const scale = verify.metric === "perplexity" ? 100 / verify.baseline : 100;
  return `${signed(low * scale, 2)} … ${signed(high * scale, 2)}`;
}

function ratioText({ timeRatio, timeRatioInterval }: VerifiedFormat): string {
  if (timeRatio === undefined || timeRatioInterval === undefined) return unknownText;
  const [low, high] = timeRatioInterval;
  return `× ${timeRatio.toFixed(2)} (${low.toFixed(2)} … ${high.toFixed(2)})`;
}

function energyText({
  energyPerTokenJ,
  energyIntervalJ,
}: Pick<VerifiedFormat, "energyPerTokenJ" | "energyIntervalJ">): string {
  if (energyPerTokenJ === undefined || energyIntervalJ === undefined) return unknownText;
  return `${formatQuantity(energyPerTokenJ, "J")} ± ${((100 * (energyIntervalJ[1] - energyPerTokenJ)) / energyPerTokenJ).toFixed(0)} %`;
}
