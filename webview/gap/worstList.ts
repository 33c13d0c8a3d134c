import { html, nothing, type TemplateResult } from "lit";
import type { Source } from "../../src/model/device";
import { formatEnergy, formatQuantity, formatShare } from "../../src/model/format";
import { moveAmongBars } from "../shared/chart/bars";
import { sectionTitle, sourceMark } from "../shared/panelFrame";
import { type Item, worst } from "./items";
import { placeText, sayItem } from "./words";

/** The ten layers that lose most, each with its way to the source. One tab stop; up and down move, Enter opens. */
export function worstList(
  items: readonly Item[],
  selected: string | undefined,
  source: Source | undefined,
  open: (item: Item) => void,
): TemplateResult {
  const { by, items: shown } = worst(items);
  const all = items.reduce((sum, item) => sum + (item[by] ?? 0), 0);
  const most = Math.max(Number.MIN_VALUE, ...shown.map((item) => item[by] ?? 0));
  const current = Math.max(
    0,
    shown.findIndex(({ id }) => id === selected),
  );
  const anyIdeal = items.some(({ idealS, memoryS }) => idealS + memoryS > 0);
  const title = by === "lostJ" ? "Most lost energy" : anyIdeal ? "Most lost time" : "Most time";
  return html`<section class="worst" aria-label=${title}>
    ${sectionTitle(title, by === "lostJ" && source !== undefined ? sourceMark(source) : nothing)}
    <div class="worst-list" role="list" aria-label=${title} @keydown=${moveAmongBars}>
      ${shown.map((item, i) => {
        const value = item[by] ?? 0;
        const text = by === "lostJ" ? formatEnergy(value) : formatQuantity(value, "s");
        const place = placeText(item);
        const lost = Math.max(item.lostS, Number.MIN_VALUE);
        return html`<div role="listitem">
          <button
            class="bar worst-row ${item.id === selected ? "selected" : ""}"
            type="button"
            tabindex=${i === current ? 0 : -1}
            aria-pressed=${item.id === selected}
            aria-label="${sayItem(item)}, ${text} lost"
            title="${item.name}, ${item.kind}"
            @click=${() => open(item)}
          >
            <span class="worst-name"><bdi>${item.name}</bdi></span>
            <span class="worst-value">${text}</span>
            <span class="worst-kind">${[item.kind, item.pass].filter((part) => part !== undefined).join(" · ")}</span>
            <span class="worst-share">${formatShare(value / all)}</span>
            <span class="worst-track"
              ><span class="worst-fill" .style=${`width:${((100 * value) / most).toFixed(2)}%`}
                ><span class="part-memory" .style=${`flex-grow:${item.memoryS / lost}`}></span
                ><span class="part-kernel" .style=${`flex-grow:${item.kernelS / lost}`}></span
                ><span class="part-unsplit" .style=${`flex-grow:${item.unsplitS / lost}`}></span></span
            ></span>
            <span class="worst-place">${place ?? ""}</span>
          </button>
        </div>`;
      })}
    </div>
  </section>`;
}
