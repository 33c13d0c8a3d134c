import { html, type TemplateResult } from "lit";
import type { FromQuantPanel, QuantView } from "../../src/messages/quant";

type Request = Omit<Extract<FromQuantPanel, { type: "request" }>, "type">;

export interface ControlsView {
  readonly view: QuantView;
  device(name: string): void;
  request(request: Request): void;
}

/** What the answer is for: device, one stream or a server, batch, context, language. */
export function controls({ view, device, request }: ControlsView): TemplateResult {
  const own = view.report.request;
  const change = (part: Partial<Request>) => request({ ...own, ...part });
  const whole = (name: "batch" | "contextTokens", most: number) => (event: Event) => {
    const input = event.currentTarget as HTMLInputElement;
    const value = Math.round(Number(input.value));
    if (Number.isFinite(value) && value >= 1 && value <= most) change({ [name]: value });
    else input.value = String(own[name]);
  };
  const language = (event: Event) => {
    const input = event.currentTarget as HTMLInputElement;
    if (/^[A-Za-z]{2,}([-_][A-Za-z0-9]+)*$/.test(input.value) && input.value.length <= 40)
      change({ language: input.value });
    else input.value = own.language;
  };
  const here = view.device === "" ? (view.report.device?.name ?? "") : "";
  return html`<form class="controls" aria-label="What the advice is for" @submit=${(event: Event) => event.preventDefault()}>
    <label>Device
      <select .value=${view.device} @change=${(event: Event) => device((event.currentTarget as HTMLSelectElement).value)}>
        <option value="" ?selected=${view.device === ""}>This machine${here === "" ? "" : `: ${here}`}</option>
        ${view.devices.map((name) => html`<option value=${name} ?selected=${view.device === name}>${name === "cpu" ? "Processor" : name}</option>`)}
      </select>
    </label>
    <label>Served as
      <select .value=${own.mode} @change=${(event: Event) => {
        const mode = (event.currentTarget as HTMLSelectElement).value === "async" ? "async" : "sync";
        change({ mode, batch: mode === "sync" ? 1 : Math.max(own.batch, 64) });
      }}>
        <option value="sync" ?selected=${own.mode === "sync"}>one request at a time</option>
        <option value="async" ?selected=${own.mode === "async"}>a server of many</option>
      </select>
    </label>
    <label>Batch
      <input type="number" min="1" max="1000000" step="1" .value=${String(own.batch)} @change=${whole("batch", 1e6)} />
    </label>
    <label>Context, tokens
      <input type="number" class="wide" min="1" max="100000000" step="1" .value=${String(own.contextTokens)} @change=${whole("contextTokens", 1e8)} />
    </label>
    <label>Language
      <input type="text" maxlength="40" .value=${own.language} @change=${language} />
    </label>
    <label class="check"><input type="checkbox" .checked=${own.latencyBound} @change=${(event: Event) => change({ latencyBound: (event.currentTarget as HTMLInputElement).checked })} />tight latency bound</label>
    <label class="check"><input type="checkbox" .checked=${own.belowFourBit} @change=${(event: Event) => change({ belowFourBit: (event.currentTarget as HTMLInputElement).checked })} />below 4 bits</label>
  </form>`;
}
