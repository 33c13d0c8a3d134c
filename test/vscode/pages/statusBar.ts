import type { Locator, Page } from "playwright-core";

/** Wattline's item in the status bar. */
export class StatusBar {
  readonly item: Locator;

  constructor(private readonly page: Page) {
    this.item = page.locator('.statusbar-item[id$="wattline.power"]');
  }

  /** Its text without the icon: `~41 W · 1.24 kJ`. */
  async text(): Promise<string> {
    return ((await this.item.textContent()) ?? "").trim();
  }

  async waitFor(pattern: RegExp, timeout = 30_000): Promise<string> {
    await this.item.filter({ hasText: pattern }).waitFor({ timeout });
    return this.text();
  }

  /** The text of the tooltip, as it shows when the pointer rests on the item. */
  async tooltip(): Promise<string> {
    await this.item.hover();
    const hover = this.page.locator(".workbench-hover");
    await hover.waitFor();
    return ((await hover.textContent()) ?? "").trim();
  }

  async click(): Promise<void> {
    await this.item.click();
  }
}
