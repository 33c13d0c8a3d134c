import type { Format, QuantDevice, ScannedFormat, TensorStatistics } from "../../model/quantization";
import type { LayerCell, LayerMap } from "../../model/quantPanel";
import { exceptionsOf, isScanned, penaltyDb } from "./proposal";
import { placeOf } from "./statistics";

/** The scanned format that says most of one that was not scanned. */
const nearest: Readonly<Partial<Record<Format, ScannedFormat>>> = { q8_0: "int8-channel" };

/** All layers as a grid; experts of one block and projection share a cell. Undefined before the weights were read. */
export function layerMap(
  layers: readonly TensorStatistics[],
  format: Format,
  device: QuantDevice | undefined,
): LayerMap | undefined {
  if (layers.length === 0) return undefined;
  const shown: ScannedFormat = isScanned(format) ? format : (nearest[format] ?? "int4-g128-mse");
  const exceptions = new Map(exceptionsOf(layers, format, device).map(({ layer, ...rest }) => [layer, rest]));
  const places = layers.map((layer) => {
    const place = placeOf(layer.name);
    const projection = (place?.projection ?? layer.name).replace(/\.weight$/, "");
    return {
      block: place === undefined ? outside : String(place.layer),
      projection: projection.replace(/(^|\.)experts\.\d+\./, "$1experts."),
    };
  });
  const blocks = [...new Set(places.map(({ block }) => block))].sort((a, b) => order(a) - order(b));
  const projections = [...new Set(places.map(({ projection }) => projection))];
  const rows = new Map(blocks.map((block, i) => [block, i]));
  const columns = new Map(projections.map((projection, i) => [projection, i]));
  const cells = new Map<number, LayerCell>();
  layers.forEach((layer, i) => {
    const [block, projection] = [rows.get(places[i]!.block)!, columns.get(places[i]!.projection)!];
    const sqnr = layer.sqnrDb[shown];
    const penalty = penaltyDb(layer, shown);
    const override = exceptions.get(layer);
    const own: LayerCell = {
      block,
      projection,
      name: layer.name,
      count: 1,
      ...(sqnr === undefined ? {} : { sqnrDb: sqnr }),
      ...(penalty === undefined ? {} : { penaltyDb: penalty }),
      kurtosis: layer.kurtosis,
      maxOverSigma: layer.maxOverSigma,
      flagged: layer.flagged,
      ...(override === undefined ? {} : { override: { format: override.format, reason: override.reason } }),
    };
    const key = block * projections.length + projection;
    const before = cells.get(key);
    cells.set(key, before === undefined ? own : worse(before, own));
  });
  return { format: shown, blocks, projections, cells: [...cells.values()] };
}

const outside = "…";
const order = (block: string) => (block === outside ? Number.POSITIVE_INFINITY : Number(block));

function worse(a: LayerCell, b: LayerCell): LayerCell {
  const worst = (b.penaltyDb ?? Number.NEGATIVE_INFINITY) > (a.penaltyDb ?? Number.NEGATIVE_INFINITY) ? b : a;
  const override = a.override ?? b.override;
  return {
    ...worst,
    count: a.count + b.count,
    flagged: a.flagged || b.flagged,
    ...(override === undefined ? {} : { override }),
  };
}
