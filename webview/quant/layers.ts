import { html, nothing, type SVGTemplateResult, svg, type TemplateResult } from "lit";
import type { LayerCell, LayerMap } from "../../src/model/quantPanel";
import { dataTable, leaveOnEscape } from "../shared/dataTable";
import { sectionTitle, tableToggle } from "../shared/panelFrame";

/** dB of penalty where a colour ends: the proposal's own thresholds stand among them. */
export const heatEdges = [0.5, 1.5, 3, 6] as const;
const heatWords = ["0.5 dB", "1.5", "3", "6", "more"] as const;
const side = { width: 46, height: 15 };
const left = 34;
/** Names of projections stand above at an angle. */
const top = 92;

/** 0 … 4; undefined where nothing is known. */
export function heatOf(cell: LayerCell): number | undefined {
  if (cell.penaltyDb === undefined) return undefined;
  const at = heatEdges.findIndex((edge) => cell.penaltyDb! <= edge);
  return at < 0 ? heatEdges.length : at;
}

export interface MapView {
  readonly map: LayerMap;
  readonly selected: string | undefined;
  readonly tableShown: boolean;
  select(cell: LayerCell): void;
  toggleTable(): void;
}

/** Blocks down, projections across. One tab stop: arrows move, Escape leaves. */
export function layerSection(view: MapView): TemplateResult {
  const { map } = view;
  const selected = map.cells.find(({ name }) => name === view.selected);
  const worse = map.cells.filter(({ penaltyDb }) => (penaltyDb ?? 0) > heatEdges[1]).length;
  const title =
    worse === 0
      ? `Layers: none is hurt by ${map.format} more than Gaussian weights`
      : `Layers: ${worse} of ${map.cells.length} are hurt by ${map.format} more than Gaussian weights`;
  return html`<section aria-label="Layers">
    ${sectionTitle(title, tableToggle(view.tableShown, "Layers", view.toggleTable))}
    <div class="map-scroll">${drawn(view, selected)}</div>
    <p class="readout" aria-live="polite">${selected === undefined ? "Choose a layer to see its numbers." : readout(selected, map)}</p>
    ${legend(map)}
    ${layerTable(map, view.tableShown)}
  </section>`;
}

function drawn(view: MapView, selected: LayerCell | undefined): TemplateResult {
  const { blocks, projections, cells, format } = view.map;
  const [width, height] = [left + projections.length * side.width + 70, top + blocks.length * side.height + 4];
  const every = Math.ceil(blocks.length / 40);
  return html`<svg
    class="layer-map"
    width=${width}
    height=${height}
    viewBox="0 0 ${width} ${height}"
    role="img"
    tabindex="0"
    aria-label="Penalty of ${format} for each layer, blocks down and projections across. ${selected === undefined ? "" : readout(selected, view.map)}"
    @keydown=${(event: KeyboardEvent) => move(event, view, selected)}
  >
    ${projections.map((name, i) => {
      const [x, y] = [left + (i + 0.5) * side.width, top - 8];
      return svg`<text class="map-name" x=${x} y=${y} transform="rotate(-38 ${x} ${y})">${shortName(name)}<title>${name}</title></text>`;
    })}
    ${blocks.map((name, i) =>
      i % every === 0
        ? svg`<text class="map-block" x=${left - 8} y=${top + (i + 0.5) * side.height + 4}>${name}</text>`
        : nothing,
    )}
    ${cells.map((cell) => cellMark(cell, cell === selected, () => view.select(cell)))}
  </svg>`;
}

function cellMark(cell: LayerCell, isSelected: boolean, pick: () => void): SVGTemplateResult {
  const [x, y] = [left + cell.projection * side.width, top + cell.block * side.height];
  const heat = heatOf(cell);
  const middle = y + side.height / 2;
  return svg`<g class="cell ${isSelected ? "selected" : ""}" @click=${pick}>
    <rect class=${heat === undefined ? "heat-unknown" : `heat-${heat}`} x=${x + 1} y=${y + 1} width=${side.width - 2} height=${side.height - 2} rx="2" />
    ${cell.override === undefined ? nothing : svg`<circle class="keeps" cx=${x + side.width / 2} cy=${middle} r="3.2" />`}
    ${cell.flagged ? svg`<path class="flag" d="M${x + side.width - 11} ${middle + 3.5}l3.5 -7l3.5 7z" />` : nothing}
    <title>${cell.name}</title>
  </g>`;
}

function move(event: KeyboardEvent, { map, select }: MapView, selected: LayerCell | undefined): void {
  const steps: Record<string, readonly [number, number]> = {
    ArrowUp: [-1, 0],
    ArrowDown: [1, 0],
    ArrowLeft: [0, -1],
    ArrowRight: [0, 1],
  };
  if (event.key === "Escape") leaveOnEscape(event);
  const step = steps[event.key];
  if (step === undefined) return;
  event.preventDefault();
  if (selected === undefined) {
    if (map.cells[0] !== undefined) select(map.cells[0]);
    return;
  }
  // Models have holes: the next cell in that direction.
  for (let far = 1; far <= Math.max(map.blocks.length, map.projections.length); far++) {
    const found = map.cells.find(
      ({ block, projection }) =>
        block === selected.block + step[0] * far && projection === selected.projection + step[1] * far,
    );
    if (found !== undefined) {
      select(found);
      return;
    }
  }
}

/** `self_attn.q_proj` is `q_proj` beside its kin. */
function shortName(name: string): string {
  const short = name.split(".").at(-1)!;
  const shown = short === "weight" || /^\d+$/.test(short) ? name : short;
  return shown.length > 16 ? `${shown.slice(0, 15)}…` : shown;
}

function readout(cell: LayerCell, map: LayerMap): string {
  const parts = [
    cell.count > 1 ? `${cell.name} and ${cell.count - 1} more experts, the worst of them` : cell.name,
    ...(cell.sqnrDb === undefined ? [] : [`${cell.sqnrDb.toFixed(1)} dB in ${map.format}`]),
    ...(cell.penaltyDb === undefined
      ? []
      : [`${Math.abs(cell.penaltyDb).toFixed(1)} dB ${cell.penaltyDb > 0 ? "below" : "above"} Gaussian weights`]),
    `kurtosis ${cell.kurtosis.toFixed(1)}${cell.flagged ? ", which stands out among its neighbours" : ""}`,
    `largest weight ${cell.maxOverSigma.toFixed(1)} σ`,
    ...(cell.override === undefined ? [] : [`keeps ${cell.override.format}: ${cell.override.reason}`]),
  ];
  return `${parts.join(" · ")}.`;
}

function legend(map: LayerMap): TemplateResult {
  const keeps = map.cells.some(({ override }) => override !== undefined);
  const flags = map.cells.some(({ flagged }) => flagged);
  return html`<p class="map-legend muted">
    <span>Penalty up to</span>
    ${heatWords.map((word, i) => html`<span class="map-key"><svg width="14" height="12" aria-hidden="true"><rect class="heat-${i}" x="0.5" y="0.5" width="13" height="11" rx="2" /></svg>${word}</span>`)}
    ${keeps ? html`<span class="map-key"><svg width="10" height="12" aria-hidden="true"><circle class="keeps" cx="5" cy="6" r="3.2" /></svg>has a format of its own in the proposal</span>` : nothing}
    ${flags ? html`<span class="map-key"><svg width="10" height="12" aria-hidden="true"><path class="flag" d="M1.5 9.5l3.5 -7l3.5 7z" /></svg>kurtosis stands out</span>` : nothing}
  </p>`;
}

function layerTable({ cells, blocks, format }: LayerMap, shown: boolean): TemplateResult {
  const number = (value: number | undefined) => (value === undefined ? "–" : value.toFixed(1));
  return dataTable(
    {
      caption: `Layers in ${format}`,
      columns: [
        { name: "Layer" },
        { name: "Block" },
        { name: "SQNR, dB", numeric: true },
        { name: "Penalty, dB", numeric: true },
        { name: "Kurtosis", numeric: true },
        { name: "Max / σ", numeric: true },
        { name: "Proposed" },
      ],
      rows: cells
        .slice(0, 2000)
        .map((cell) => [
          cell.count > 1 ? `${cell.name} (worst of ${cell.count})` : cell.name,
          blocks[cell.block]!,
          number(cell.sqnrDb),
          number(cell.penaltyDb),
          `${number(cell.kurtosis)}${cell.flagged ? " stands out" : ""}`,
          number(cell.maxOverSigma),
          cell.override?.format ?? "",
        ]),
    },
    shown,
  );
}
