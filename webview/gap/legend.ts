import { html, nothing, type TemplateResult } from "lit";
import { plural } from "../../src/model/format";
import type { Item } from "./items";
import { partNames } from "./looks";
import type { Tab } from "./state";

/** What the looks of a chart mean, and what has no place in it. */
export function legend(tab: Tab, items: readonly Item[]): TemplateResult {
  const shown = tab === "gap" ? items.filter(({ idealS }) => idealS > 0) : items;
  const passes = new Set(shown.map(({ pass }) => pass));
  const key = (name: string, look: string) =>
    html`<span class="gap-key"><span class="gap-swatch ${look}"></span>${name}</span>`;
  const ideal = (name: string) => (tab === "gap" ? `${partNames.ideal}, ${name}` : name);
  const hasPart = (part: "memoryS" | "kernelS" | "unsplitS") => items.some((item) => item[part] > 0);
  const flat = tab === "gap" ? 0 : items.filter(({ flops }) => !(flops !== undefined && flops > 0)).length;
  return html`<div class="gap-legend">
    ${passes.has("forward") ? key(ideal("forward"), "ideal-forward") : nothing}
    ${passes.has("backward") ? key(ideal("backward"), "ideal-backward") : nothing}
    ${passes.has(undefined) ? key(ideal("both passes"), "ideal-both") : nothing}
    ${tab === "gap" && hasPart("memoryS") ? key(`${partNames.memory}, at least`, "part-memory") : nothing}
    ${tab === "gap" && hasPart("kernelS") ? key(`${partNames.kernel}, at most`, "part-kernel") : nothing}
    ${tab === "gap" && hasPart("unsplitS") ? key("not told apart", "part-unsplit") : nothing}
    ${tab === "waterline" ? key("missing to the waterline", "part-memory") : nothing}
    ${flat > 0 ? html`<span>${plural(flat, "row")} without FLOPs ${flat === 1 ? "has" : "have"} no place here.</span>` : nothing}
    ${tab === "roofline" ? html`<span>A mark's area is its share of the time; circles forward, squares backward.</span>` : nothing}
  </div>`;
}
