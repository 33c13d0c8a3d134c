import type { Locator, Page } from "playwright-core";

/** A notebook in the editor. */
export class Notebook {
  constructor(private readonly page: Page) {}

  /** What Wattline says below a cell, counted from 0. */
  energy(cell: number): Locator {
    return this.page
      .locator(".notebookOverlay .code-cell-row")
      .nth(cell)
      .locator(".cell-status-item", { hasText: "·" });
  }

  /** Runs one cell and waits for what Wattline says of it. */
  async runCell(cell: number, expected: RegExp, timeout = 30_000): Promise<string> {
    const row = this.page.locator(".notebookOverlay .code-cell-row").nth(cell);
    await row.hover();
    await row.locator(".run-button-container .codicon-notebook-execute").first().click();
    return this.waitFor(cell, expected, timeout);
  }

  async waitFor(cell: number, expected: RegExp, timeout = 30_000): Promise<string> {
    const item = this.energy(cell).filter({ hasText: expected });
    await item.first().waitFor({ timeout });
    return ((await item.first().textContent()) ?? "").trim();
  }

  /** What the pointer is told that rests on it. */
  async tooltip(cell: number): Promise<string> {
    // The hover of what the pointer was on before goes away a moment later.
    const hover = this.page.locator(".workbench-hover", { hasText: "Measured from outside" });
    // An item that is drawn anew under the pointer has no hover until the pointer comes again.
    for (let attempt = 0; attempt < 6 && !(await hover.isVisible()); attempt++) {
      await this.page.mouse.move(900, 600);
      await this.page.waitForTimeout(300);
      await this.energy(cell).first().hover();
      await hover.waitFor({ timeout: 4000 }).catch(() => {});
    }
    return ((await hover.textContent()) ?? "").trim();
  }
}
