import { html, nothing, svg, type TemplateResult } from "lit";
import type { QuantView } from "../../src/messages/quant";
import { formatBytes, formatCount } from "../../src/model/format";
import { axisFromZero } from "../shared/chart/axis";
import { sectionTitle } from "../shared/panelFrame";

const size = { width: 460, height: 190, left: 52, right: 14, top: 12, bottom: 34 };

/** Weights and KV cache against the length of the context, with the device's memory as a line. */
export function cacheSection(view: QuantView): TemplateResult {
  const { kv, report, longestContext } = view;
  if (kv.length === 0) {
    return html`<section aria-label="KV cache">
      ${sectionTitle("KV cache")}
      <p class="muted unknown">Not known: there is no config.json with the shape of the model.</p>
    </section>`;
  }
  const found = report.formats.find(({ format }) => format === report.proposal.format)!;
  const title =
    longestContext === undefined
      ? `KV cache: ${formatBytes(report.kvCacheBytes)} at ${formatCount(report.request.contextTokens)} tokens`
      : longestContext.proposal === 0
        ? "KV cache: there is no room for any context"
        : `KV cache: ${formatCount(longestContext.proposal)} tokens of context fit with ${found.format}`;
  return html`<section aria-label="KV cache">
    ${sectionTitle(title)}
    ${chart(view, found.weightBytes)}
    <p class="muted remark">
      ${formatBytes(report.kvCacheBytes)} of cache at 16 bits for ${formatCount(report.request.contextTokens)} tokens and batch
      ${report.request.batch}${
        longestContext === undefined
          ? "."
          : `; with 16-bit weights ${longestContext.sixteen === 0 ? "nothing fits" : `${formatCount(longestContext.sixteen)} tokens fit`}.`
      }
    </p>
  </section>`;
}

function chart({ kv, report }: QuantView, weightBytes: number): TemplateResult {
  const memory = report.device?.memoryBytes === undefined ? undefined : report.device.memoryBytes * report.device.count;
  const last = kv.at(-1)!;
  const most = Math.max(weightBytes + last.bytes, Math.min(memory ?? 0, 3 * (weightBytes + last.bytes)));
  const axis = axisFromZero(most / 1e9, 4);
  const [right, bottom] = [size.width - size.right, size.height - size.bottom];
  const first = Math.log2(kv[0]!.contextTokens);
  const span = Math.max(1e-9, Math.log2(last.contextTokens) - first);
  const x = (tokens: number) => size.left + ((Math.log2(Math.max(1, tokens)) - first) / span) * (right - size.left);
  const y = (bytes: number) => bottom - (Math.min(bytes / 1e9, axis.top) / axis.top) * (bottom - size.top);
  const line = kv.map(
    ({ contextTokens, bytes }) => `${x(contextTokens).toFixed(1)} ${y(weightBytes + bytes).toFixed(1)}`,
  );
  const asked = Math.min(last.contextTokens, Math.max(kv[0]!.contextTokens, report.request.contextTokens));
  const at = report.kvCacheBytes ?? 0;
  const every = Math.ceil(kv.length / 4);
  const isLabelled = (i: number) => i === kv.length - 1 || (i % every === 0 && i < kv.length - 1 - every / 2);
  return html`<svg
    class="cache-chart"
    viewBox="0 0 ${size.width} ${size.height}"
    role="img"
    aria-label="Weights and KV cache by context: ${kv.map(({ contextTokens, bytes }) => `${contextTokens} tokens ${formatBytes(weightBytes + bytes)}`).join(", ")}${memory === undefined ? "" : `; the device has ${formatBytes(memory)}`}"
  >
    ${axis.values.map(
      (value) => svg`<line class="grid" x1=${size.left} x2=${right} y1=${y(value * 1e9)} y2=${y(value * 1e9)} />
        <text class="tick end" x=${size.left - 6} y=${y(value * 1e9) + 4}>${formatBytes(value * 1e9)}</text>`,
    )}
    <path class="weights" d="M${size.left} ${bottom}V${y(weightBytes)}H${right}V${bottom}z" />
    <path class="cache" d="M${line.join("L")}L${right} ${y(weightBytes)}L${size.left} ${y(weightBytes)}z" />
    <path class="edge" d="M${line.join("L")}" />
    ${
      memory === undefined || memory / 1e9 > axis.top
        ? nothing
        : svg`<line class="memory" x1=${size.left} x2=${right} y1=${y(memory)} y2=${y(memory)} />
            <text class="tick" x=${size.left + 6} y=${y(memory) - 4}>memory of the device</text>`
    }
    <circle class="asked" cx=${x(asked)} cy=${y(weightBytes + at)} r="4" />
    ${kv.map(({ contextTokens }, i) =>
      isLabelled(i)
        ? svg`<text class="tick ${i === kv.length - 1 ? "end" : "middle"}" x=${x(contextTokens)} y=${bottom + 15}>${formatCount(contextTokens)}</text>`
        : nothing,
    )}
    <text class="tick middle" x=${(size.left + right) / 2} y=${size.height - 4}>tokens of context</text>
    <text class="label" x=${size.left + 8} y=${bottom - 6}>weights</text>
  </svg>`;
}
