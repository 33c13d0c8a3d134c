import { html, nothing, type TemplateResult } from "lit";
import { phases } from "../../../src/model/phase";
import { phaseVariable } from "../theme";

/** Phases in the order of legends and tables; those that a program named itself come after, `other` last. */
export function inPhaseOrder(names: readonly string[]): string[] {
  const rank = (name: string) => {
    const at = (phases as readonly string[]).indexOf(name);
    return name === "other" ? 1000 : at < 0 ? 500 : at;
  };
  return [...new Set(names)].sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));
}

/** Swatches with names; pressing one selects its phase, pressing it again lets go. */
export function phaseLegend(
  names: readonly string[],
  selected: string | undefined,
  select: (phase: string | undefined) => void,
): TemplateResult | typeof nothing {
  if (names.length === 0) return nothing;
  return html`<div class="phase-legend" role="group" aria-label="Phases">
    ${inPhaseOrder(names).map(
      (name) => html`<button
        class="ghost"
        type="button"
        title=${name}
        aria-pressed=${selected === name}
        @click=${() => select(selected === name ? undefined : name)}
      >
        ${swatch(name)}<span class="phase-name">${name}</span>
      </button>`,
    )}
  </div>`;
}

/** A square in the phase's colour (and hatch, in high contrast). */
export function swatch(phase: string): TemplateResult {
  return html`<span class="swatch phase-fill" data-phase=${hatchName(phase)} .style=${`--phase: var(${phaseVariable(phase)})`}></span>`;
}

/** The name under which CSS finds a phase's hatch. */
export function hatchName(phase: string): string {
  return (phases as readonly string[]).includes(phase) ? phase : "named";
}
