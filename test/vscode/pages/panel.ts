import type { Frame, Page } from "playwright-core";

/** One of our panels: a page in a frame in a frame. */
export class PanelInWindow {
  /** @param element the panel's own: `wattline-run` */
  constructor(
    private readonly page: Page,
    private readonly element: string,
  ) {}

  /** The frame whose document is ours. Appears anew when its tab was hidden or the window reloaded. */
  async frame(timeoutMs = 30_000): Promise<Frame> {
    const until = Date.now() + timeoutMs;
    while (Date.now() < until) {
      for (const frame of this.page.frames()) {
        if (
          (await frame
            .locator(this.element)
            .count()
            .catch(() => 0)) > 0
        )
          return frame;
      }
      await this.page.waitForTimeout(200);
    }
    throw new Error(`No ${this.element} came up.`);
  }

  async isOpen(): Promise<boolean> {
    return this.frame(1).then(
      () => true,
      () => false,
    );
  }

  /** All that a reader sees. */
  async text(): Promise<string> {
    return (await (await this.frame()).locator("body").innerText()).replace(/\s+/g, " ");
  }

  async waitForText(pattern: RegExp, timeoutMs = 30_000): Promise<string> {
    const until = Date.now() + timeoutMs;
    let text = "";
    while (Date.now() < until) {
      text = await this.text().catch(() => "");
      if (pattern.test(text)) return text;
      await this.page.waitForTimeout(200);
    }
    throw new Error(`The panel never said ${pattern}. It said: ${text}`);
  }

  async press(name: string): Promise<void> {
    await (await this.frame()).getByRole("button", { name }).first().click();
  }
}

/** The quantization panel. */
export class QuantizationPanel extends PanelInWindow {
  constructor(page: Page) {
    super(page, "wattline-quant");
  }
}

/** The run panel. */
export class RunPanel extends PanelInWindow {
  constructor(page: Page) {
    super(page, "wattline-run");
  }

  /** Seconds on the running clock. */
  async clockS(): Promise<number> {
    const text = await (await this.frame()).locator(".clock").first().textContent();
    if (text === null) throw new Error("The panel shows no clock.");
    return text.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
  }
}
