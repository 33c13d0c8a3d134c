import { html, LitElement, nothing } from "lit";
import { icon } from "./icons";

export interface MenuItem {
  readonly id: string;
  readonly label: string;
  /** Given: the item is a switch, and this is how it stands. */
  readonly checked?: boolean;
  /** A line above it. */
  readonly startsGroup?: boolean;
}

/**
 * A button with a menu: `<wl-menu>`. Fires `wl-pick` with the item's id. The button is one tab stop; arrows, Home and
 * End move in the menu, Escape and Tab close it, and focus goes back to the button.
 */
export class WlMenu extends LitElement {
  static override properties = { label: {}, look: {}, items: { attribute: false }, open: { state: true } };

  /** What the button is called; shown beside a chevron unless `look` is `icon`. */
  declare label: string;
  declare look: "icon" | "text";
  declare items: readonly MenuItem[];
  declare private open: boolean;

  constructor() {
    super();
    this.label = "";
    this.look = "text";
    this.items = [];
    this.open = false;
  }

  protected override createRenderRoot() {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    document.addEventListener("pointerdown", this.closeFromOutside, true);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener("pointerdown", this.closeFromOutside, true);
  }

  private readonly closeFromOutside = (event: Event) => {
    if (this.open && !event.composedPath().includes(this)) this.open = false;
  };

  protected override render() {
    return html`<button
        class="ghost menu-button"
        type="button"
        aria-haspopup="menu"
        aria-expanded=${this.open}
        aria-label=${this.look === "icon" ? this.label : nothing}
        title=${this.look === "icon" ? this.label : nothing}
        @click=${() => this.toggle(!this.open)}
        @keydown=${this.buttonKey}
      >
        ${this.look === "icon" ? icon("more") : html`${this.label}${icon("chevron")}`}
      </button>
      ${this.open ? this.list() : nothing}`;
  }

  private list() {
    return html`<div class="menu" role="menu" aria-label=${this.label} @keydown=${this.menuKey}>
      ${this.items.map(
        (item) => html`<button
          class="menu-item ${item.startsGroup ? "starts-group" : ""}"
          type="button"
          role=${item.checked === undefined ? "menuitem" : "menuitemcheckbox"}
          aria-checked=${item.checked ?? nothing}
          tabindex="-1"
          @click=${() => this.pick(item)}
        >
          <span class="menu-check">${item.checked ? icon("check") : nothing}</span>${item.label}
        </button>`,
      )}
    </div>`;
  }

  private pick(item: MenuItem): void {
    // A switch leaves the menu open: several devices are often changed at once.
    if (item.checked === undefined) this.toggle(false);
    this.dispatchEvent(new CustomEvent("wl-pick", { detail: item.id, bubbles: true }));
  }

  private toggle(open: boolean): void {
    this.open = open;
    void this.updateComplete.then(() => {
      if (open) this.entries[0]?.focus();
      else this.querySelector<HTMLElement>(".menu-button")?.focus();
    });
  }

  private get entries(): HTMLElement[] {
    return [...this.querySelectorAll<HTMLElement>(".menu-item")];
  }

  private readonly buttonKey = (event: KeyboardEvent) => {
    if (event.key !== "ArrowDown" || this.open) return;
    event.preventDefault();
    this.toggle(true);
  };

  private readonly menuKey = (event: KeyboardEvent) => {
    const entries = this.entries;
    const at = entries.indexOf(document.activeElement as HTMLElement);
    const goTo: Record<string, number> = {
      ArrowDown: (at + 1) % entries.length,
      ArrowUp: (at - 1 + entries.length) % entries.length,
      Home: 0,
      End: entries.length - 1,
    };
    if (event.key in goTo) entries[goTo[event.key]!]?.focus();
    else if (event.key === "Escape" || event.key === "Tab") this.toggle(false);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
}
customElements.define("wl-menu", WlMenu);
