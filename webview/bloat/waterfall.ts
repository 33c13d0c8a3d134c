import { html, nothing, type TemplateResult } from "lit";
import { formatEnergy, formatShare } from "../../src/model/format";
import { type WasteCause, type WasteKind, type WastePart, type WasteReport, wasteKinds } from "../../src/model/waste";
import { sourceMark } from "../shared/panelFrame";

/** What a kind is called where its parts are summed. */
export const kindWords: Record<WasteKind, string> = {
  useful: "useful work",
  intrinsic: "without being faster",
  extrinsic: "waiting for a slower rank",
  outside: "outside of the loop",
};

/** A row from the whole to what was useful: where its bar begins and ends, J. */
export interface Step {
  readonly id: string;
  readonly label: string;
  readonly fromJ: number;
  readonly toJ: number;
  readonly standardErrorJ?: number;
  readonly part?: WastePart;
  readonly kind?: WasteKind;
}

/** From the run's energy down to its useful part, each step as long as the joules that it takes away. */
export function stepsOf({ energyJ, standardErrorJ, parts }: WasteReport): Step[] {
  const steps: Step[] = [{ id: "total", label: "the run", fromJ: 0, toJ: energyJ, ...error(standardErrorJ) }];
  let at = energyJ;
  for (const kind of [...wasteKinds].reverse()) {
    if (kind === "useful") continue;
    for (const part of parts.filter((own) => own.kind === kind)) {
      steps.push({
        id: part.id,
        label: part.name,
        fromJ: at - part.energyJ,
        toJ: at,
        ...error(part.standardErrorJ),
        part,
        kind,
      });
      at -= part.energyJ;
    }
  }
  const errorJ = Math.hypot(...parts.filter(({ kind }) => kind === "useful").map((part) => part.standardErrorJ ?? 0));
  return [...steps, { id: "useful", label: kindWords.useful, fromJ: 0, toJ: at, ...error(errorJ), kind: "useful" }];
}

function error(standardErrorJ: number | undefined): { standardErrorJ?: number } {
  return standardErrorJ !== undefined && standardErrorJ > 0 ? { standardErrorJ } : {};
}

/** The custom property with the colour of a part: that of the phase which it resembles. */
export function partVariable(cause: WasteCause | undefined, kind: WasteKind | undefined): string {
  if (kind === undefined) return "--wl-phase-other-edge";
  if (kind === "useful") return "--wl-phase-forward";
  if (kind === "extrinsic" || cause === "communication" || cause === "bubble") return "--wl-phase-communication";
  if (cause === "data") return "--wl-phase-data";
  if (kind === "outside") return "--wl-phase-other-edge";
  return "--wl-phase-optimizer";
}

/** Rows under each other, with whiskers and what would win each back. One tab stop; arrows move, Escape leaves. */
export function waterfall(
  report: WasteReport,
  selected: string | undefined,
  pick: (id: string | undefined) => void,
): TemplateResult {
  const steps = stepsOf(report);
  const most = Math.max(1e-12, report.energyJ);
  const percent = (value: number) => `${((100 * Math.min(most, Math.max(0, value))) / most).toFixed(2)}%`;
  const current = Math.max(
    0,
    steps.findIndex(({ id }) => id === selected),
  );
  return html`<div class="waterfall" role="list" aria-label="From the run's energy to its useful part" @keydown=${moveAmongSteps}>
    ${steps.map((step, k) => {
      const valueJ = step.toJ - step.fromJ;
      const end = step.part === undefined ? step.toJ : step.fromJ;
      const share = formatShare(valueJ / most);
      const value = formatEnergy(valueJ, step.standardErrorJ);
      const remedy = step.part?.remedy;
      return html`<div role="listitem">
        <button
          class="step ${step.id === selected ? "selected" : ""}"
          type="button"
          tabindex=${k === current ? 0 : -1}
          aria-pressed=${step.id === selected}
          aria-label="${step.label}: ${value}, ${share}${remedy === undefined ? "" : `. ${remedy}`}"
          @click=${() => pick(step.id === selected ? undefined : step.id)}
        >
          <span class="step-label">${step.label}</span>
          <span class="step-track"
            ><span
              class="step-fill ${step.part === undefined ? "whole" : ""}"
              .style=${`left:${percent(step.fromJ)};width:${percent(valueJ)};--part:var(${partVariable(step.part?.cause, step.kind)})`}
            ></span
            >${
              step.standardErrorJ === undefined
                ? nothing
                : html`<span
                    class="whisker"
                    .style=${`left:${percent(end - step.standardErrorJ)};right:calc(100% - ${percent(end + step.standardErrorJ)})`}
                  ></span>`
            }</span
          >
          <span class="step-value">${value} ${step.part === undefined ? nothing : sourceMark(step.part.basis)}</span>
          <span class="step-share">${share}</span>
          ${remedy === undefined ? nothing : html`<span class="step-remedy">${remedy}</span>`}
        </button>
      </div>`;
    })}
  </div>`;
}

function moveAmongSteps(event: KeyboardEvent): void {
  const all = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>(".step")];
  const at = all.indexOf(event.target as HTMLElement);
  const to: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 };
  if (event.key === "Escape") (event.target as HTMLElement).blur();
  const next = event.key in to ? all[to[event.key]!] : undefined;
  if (next === undefined) return;
  event.preventDefault();
  for (const step of all) step.tabIndex = step === next ? 0 : -1;
  next.focus();
}

/** Energy of the parts of a kind, with the error of independent parts. */
export function sumOf(report: WasteReport, kinds: readonly WasteKind[]): { energyJ: number; standardErrorJ: number } {
  const parts = report.parts.filter(({ kind }) => kinds.includes(kind));
  return {
    energyJ: parts.reduce((sum, part) => sum + part.energyJ, 0),
    standardErrorJ: Math.hypot(...parts.map((part) => part.standardErrorJ ?? 0)),
  };
}
