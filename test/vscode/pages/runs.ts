import type { Locator, Page } from "playwright-core";

/** The Runs view in the side bar. */
export class Runs {
  readonly view: Locator;

  constructor(private readonly page: Page) {
    this.view = page.locator('.pane:has(.pane-header[aria-label^="Runs Section"])');
  }

  get rows(): Locator {
    return this.view.locator(".monaco-list-row");
  }

  row(text: string | RegExp): Locator {
    return this.rows.filter({ hasText: text }).first();
  }

  async texts(): Promise<string[]> {
    return (await this.rows.allInnerTexts()).map((text) => text.replace(/\s+/g, " ").trim());
  }

  async open(text: string | RegExp): Promise<void> {
    await this.row(text).click();
  }

  /** The names of the entries of a run's menu. */
  async menu(text: string | RegExp): Promise<string[]> {
    await this.row(text).click({ button: "right" });
    const menu = this.page.locator(".context-view .monaco-menu");
    await menu.waitFor();
    const names = await menu.locator(".action-label:not(.separator)").allInnerTexts();
    await this.page.keyboard.press("Escape");
    return names.map((name) => name.trim()).filter(Boolean);
  }

  /** Opens a run's menu and takes one of its entries. */
  async choose(row: Locator, entry: string): Promise<void> {
    await row.click({ button: "right" });
    const item = this.page.locator(".context-view .monaco-menu .action-item", { hasText: entry }).first();
    await item.waitFor();
    // A menu takes no click in its first tenth of a second: the one that opened it may still be on its way.
    await this.page.waitForTimeout(250);
    await item.click();
  }

  async label(row: Locator, label: string): Promise<void> {
    await this.choose(row, "Label Run");
    const input = this.page.locator(".quick-input-widget input");
    await input.waitFor();
    await input.fill(label);
    await this.page.keyboard.press("Enter");
  }

  async delete(row: Locator): Promise<void> {
    await this.choose(row, "Delete Run");
    await this.page.locator(".monaco-dialog-box").getByRole("button", { name: "Delete" }).click();
  }

  get welcome(): Locator {
    return this.view.locator(".welcome-view");
  }
}
