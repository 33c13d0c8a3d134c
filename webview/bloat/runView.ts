import { html, nothing, type TemplateResult } from "lit";
import type { BloatPanelView } from "../../src/messages/bloat";
import {
  formatDuration,
  formatEnergy,
  formatMoment,
  formatShare,
  plural,
  quantityParts,
  unknownText,
} from "../../src/model/format";
import type { Straggler, WasteKind, WasteReport } from "../../src/model/waste";
import { sectionTitle, type Tile } from "../shared/panelFrame";
import { factorText } from "./numbers";
import "./waitMap";
import { sumOf, waterfall } from "./waterfall";

export type RunView = Extract<BloatPanelView, { kind: "run" }>;

export function runFacts({ startedAt, report }: RunView): string[] {
  const { run } = report;
  return [
    formatMoment(startedAt, new Date()),
    formatDuration(run.durationS),
    plural(run.iterations, "iteration"),
    ...(run.ranks > 1 ? [plural(run.ranks, "rank")] : []),
    run.state,
  ];
}

/** The four numbers on top. */
export function runTiles(report: WasteReport): Tile[] {
  const { energyJ } = report;
  const sum = (label: string, kinds: Parameters<typeof sumOf>[1], absent: string): Tile => {
    const { energyJ: own, standardErrorJ } = sumOf(report, kinds);
    if (!report.parts.some(({ kind }) => kinds.includes(kind)))
      return { label, number: unknownText, unit: "", reason: absent };
    const { number, unit, relativeError, doubtful } = quantityParts(own, "J", standardErrorJ);
    if (doubtful && own > 0) return { label, number: unknownText, unit: "", reason: "too short to say" };
    return {
      label,
      number,
      unit,
      source: basisOf(report, kinds),
      ...(relativeError === undefined ? {} : { error: relativeError }),
      reason: `${formatShare(own / energyJ)} of the run`,
    };
  };
  const total = quantityParts(energyJ, "J", report.standardErrorJ);
  return [
    {
      label: "energy",
      number: total.number,
      unit: total.unit,
      ...(total.relativeError === undefined ? {} : { error: total.relativeError }),
      reason: "the whole run",
    },
    sum("bought no speed", ["intrinsic", "extrinsic"], "nothing was found"),
    sum("of it, waiting for ranks", ["extrinsic"], report.run.ranks > 1 ? "nothing was found" : "one rank"),
    sum("outside of the loop", ["outside"], "nothing was found"),
  ];
}

/** Modelled as soon as a part of it is. */
function basisOf({ parts }: WasteReport, kinds: readonly WasteKind[]): "measured" | "modelled" {
  return parts.some(({ kind, basis }) => kinds.includes(kind) && basis === "modelled") ? "modelled" : "measured";
}

export function runBody(
  { report }: RunView,
  kept: { readonly part: string | undefined; readonly tables: readonly string[] },
  on: { pick(part: string | undefined): void; table(name: string): void },
): TemplateResult {
  return html`<section aria-label="Where the energy went">
      ${sectionTitle("From all of it to what was useful")}
      ${waterfall(report, kept.part, (part) => on.pick(part))}
    </section>
    ${report.stragglers.length === 0 ? nothing : stragglers(report.stragglers)}
    ${
      report.waiting === undefined || report.waiting.ranks.length === 0
        ? nothing
        : html`<wl-wait-map
            .waiting=${report.waiting}
            .tableShown=${kept.tables.includes("waiting")}
            @wl-table=${() => on.table("waiting")}
          ></wl-wait-map>`
    }
    ${report.notes.length === 0 ? nothing : html`<section>${sectionTitle("What is not known")}<ul class="remarks">${report.notes.map((note) => html`<li>${note}</li>`)}</ul></section>`}`;
}

const causeWords: Record<NonNullable<Straggler["cause"]>, string> = {
  throttle: "throttled",
  temperature: "hot",
  data: "slow data",
  compute: "slower work",
  host: "a busy host",
};

function stragglers(all: readonly Straggler[]): TemplateResult {
  return html`<section class="stragglers" aria-label="Stragglers">
    ${sectionTitle("Who is waited for")}
    <ul>
      ${all.slice(0, 16).map(
        (one) => html`<li><p>
          <b>Rank ${one.rank}</b>${one.cause === undefined ? nothing : html` <span class="badge">${causeWords[one.cause]}</span>`}
          ${one.chronic ? `is slow throughout: its own work takes ${factorText(one.slowdown)} as long as the median of the others.` : `held the others up ${plural(one.last, "time")} in ${plural(one.iterations, "iteration")}.`}
          ${one.evidence ?? ""}
          The others spent ${formatEnergy(one.energyOfOthersJ, one.standardErrorJ)} in ${formatDuration(one.waitingOfOthersS)} of waiting for it.
        </p></li>`,
      )}
    </ul>
  </section>`;
}
