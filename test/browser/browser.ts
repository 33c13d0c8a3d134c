import { type Browser, chromium, type Page } from "playwright-core";
import { buildSite, origin, panelOf, panelPage } from "./site";

type Message = { readonly type: string };

/** Chromium with the bundled panels: what tests say to one kind of panel and ask of it. One for a test file. */
export class PanelBrowser<To extends Message = Message, From extends Message = Message> {
  private constructor(
    private readonly panel: string,
    private readonly browser: Browser,
    private readonly files: Awaited<ReturnType<typeof buildSite>>,
  ) {}

  /** @param panel whose cases are opened: the name of its folder */
  static async start<To extends Message, From extends Message>(panel: string): Promise<PanelBrowser<To, From>> {
    const files = await buildSite();
    const browser = await chromium.launch({
      executablePath: process.env.WATTLINE_CHROMIUM ?? "/usr/bin/chromium",
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--force-color-profile=srgb",
      ],
    });
    return new PanelBrowser(panel, browser, files);
  }

  async close(): Promise<void> {
    await this.browser.close();
  }

  /** Opens a case of the gallery in a fresh profile and waits until it is drawn. */
  async open(
    name: string,
    options: { theme?: string; width?: number; height?: number; vscode?: boolean } = {},
  ): Promise<OpenPanel<To, From>> {
    const { theme = "dark", width = 900, height = 900, vscode = false } = options;
    const context = await this.browser.newContext({
      viewport: { width, height },
      reducedMotion: "reduce",
      timezoneId: "UTC",
      locale: "en-US",
    });
    const page = await context.newPage();
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
    // Fixed, so that "today 12:04" is that in every picture.
    await page.clock.setFixedTime(new Date("2026-11-24T15:00:00Z"));
    await page.route(`${origin}/**`, (route) => {
      const { pathname } = new URL(route.request().url());
      const asked = panelOf(pathname);
      const file = asked === undefined ? this.files.get(pathname) : panelPage(asked, "c0ffee");
      if (file === undefined) return route.fulfill({ status: 404 });
      return route.fulfill({ status: 200, contentType: file.type, headers: { ...file.headers }, body: file.body });
    });
    await page.goto(`${origin}/panel/${this.panel}?case=${name}&theme=${theme}${vscode ? "&vscode" : ""}`);
    const panel = new OpenPanel<To, From>(page, errors);
    await panel.settled();
    return panel;
  }
}

export class OpenPanel<To extends Message = Message, From extends Message = Message> {
  constructor(
    readonly page: Page,
    readonly errors: readonly string[],
  ) {}

  /** Two frames after the last message everything is drawn. */
  async settled(): Promise<void> {
    await this.page.waitForSelector(".panel", { state: "attached" });
    await this.page.evaluate(
      () => new Promise<void>((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 30)))),
    );
  }

  async deliver(message: To): Promise<void> {
    await this.page.evaluate((next) => window.wattlineTest.deliver(next), message as Message);
    await this.settled();
  }

  /** What the panel has posted after "ready". */
  async posted(): Promise<From[]> {
    const posted = await this.page.evaluate(() => [...window.wattlineTest.posted]);
    return posted.filter((message) => message.type !== "ready") as From[];
  }

  async state(): Promise<Record<string, unknown>> {
    return (await this.page.evaluate(() => window.wattlineTest.state)) as Record<string, unknown>;
  }

  /** Breaches of the content security policy, and errors in the console. */
  async faults(): Promise<string[]> {
    return [...(await this.page.evaluate(() => [...window.wattlineTest.violations])), ...this.errors];
  }

  async text(selector: string): Promise<string> {
    return (await this.page.locator(selector).first().innerText()).replace(/\s+/g, " ").trim();
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }
}
