import { html, nothing, type TemplateResult } from "lit";
import type { QuantView } from "../../src/messages/quant";
import { sectionTitle } from "../shared/panelFrame";

export interface CodeView {
  readonly view: QuantView;
  readonly chosen: string | undefined;
  choose(id: string): void;
  insert(id: string): void;
  copy(id: string): void;
}

/** The code that makes the format, with Insert and Copy; other toolkits behind a chooser. */
export function codeSection({ view, chosen, choose, insert, copy }: CodeView): TemplateResult | typeof nothing {
  const { snippets } = view;
  const snippet = snippets.find(({ id }) => id === chosen) ?? snippets[0];
  if (snippet === undefined) return nothing;
  const buttons = html`<vscode-button appearance="primary" @click=${() => insert(snippet.id)}>Insert</vscode-button>
    <vscode-button appearance="secondary" @click=${() => copy(snippet.id)}>Copy</vscode-button>`;
  return html`<section aria-label="Code" class="code-section">
    ${sectionTitle(`Code to make ${snippet.format}`, buttons)}
    <div class="controls">
      <label>Toolkit
        <select @change=${(event: Event) => choose((event.currentTarget as HTMLSelectElement).value)}>
          ${snippets.map(
            ({ id, toolkit, format, proposed }) =>
              html`<option value=${id} ?selected=${id === snippet.id}>${toolkit}, ${format}${proposed ? "" : " (not the proposal)"}</option>`,
          )}
        </select>
      </label>
      <code class="install">${snippet.install}</code>
    </div>
    <pre class="code" tabindex="0" aria-label="${snippet.toolkit}, ${snippet.format}"><code>${snippet.code}</code></pre>
    <p class="muted remark">${snippet.note}</p>
  </section>`;
}
