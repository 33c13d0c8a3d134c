import { LitElement, type PropertyDeclarations } from "lit";
import { onThemeChange } from "../theme";

/** What every chart needs: its width, and to be drawn anew when its width or the theme changes. */
export abstract class SizedChart extends LitElement {
  static override properties: PropertyDeclarations = { widthPx: { state: true } };

  /** CSS pixels, whole; 0 before the first layout. */
  declare protected widthPx: number;
  /** Called when the chart leaves the page. */
  protected readonly release: (() => void)[] = [];

  constructor() {
    super();
    this.widthPx = 0;
  }

  protected override createRenderRoot() {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    const sizes = new ResizeObserver(([entry]) => {
      this.widthPx = Math.floor(entry!.contentRect.width);
    });
    sizes.observe(this);
    this.release.push(
      () => sizes.disconnect(),
      onThemeChange(() => this.themeChanged()),
    );
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const release of this.release.splice(0)) release();
  }

  /** For charts that tell what changed, and paint only then. */
  protected themeChanged(): void {
    this.requestUpdate();
  }
}
