/** A window of a real VS Code: a server with a fresh profile of its own, and a headless Chromium that looks at it. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { CodeLens } from "../pages/codeLens";
import { Notebook } from "../pages/notebook";
import { QuantizationPanel, RunPanel } from "../pages/panel";
import { Runs } from "../pages/runs";
import { StatusBar } from "../pages/statusBar";

const root = join(__dirname, "../../..");
export const artifacts = join(root, "artifacts/vscode");

const flags = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export const themes = {
  light: "Default Light Modern",
  dark: "Default Dark Modern",
  "high-contrast": "Default High Contrast",
} as const;

interface Server {
  readonly port: number;
  readonly data: string;
  address(folder: string, options?: { testsPath?: string }): string;
  log(): string;
  stop(): Promise<void>;
}

interface WindowOptions {
  readonly folder: string;
  readonly settings?: Record<string, unknown>;
  readonly env?: Record<string, string>;
  /** Leaves Workspace Trust on, as users have it. */
  readonly trust?: "asked";
  /** Folders of extensions beside ours. */
  readonly installed?: readonly string[];
  readonly width?: number;
  readonly height?: number;
}

export class VsCode {
  readonly statusBar: StatusBar;
  readonly codeLens: CodeLens;
  readonly notebook: Notebook;
  readonly panel: RunPanel;
  readonly quantization: QuantizationPanel;
  readonly runs: Runs;
  /** What the pages say in their consoles that is an error: a violated content policy is one. */
  readonly pageErrors: string[] = [];

  private constructor(
    readonly server: Server,
    private readonly browser: Browser,
    readonly page: Page,
    private readonly folder: string,
    private readonly url: string,
  ) {
    this.statusBar = new StatusBar(page);
    this.codeLens = new CodeLens(page);
    this.notebook = new Notebook(page);
    this.panel = new RunPanel(page);
    this.quantization = new QuantizationPanel(page);
    this.runs = new Runs(page);
    page.on("console", (message) => {
      // Its own complaints (no network here) are VS Code's.
      const text = message.text();
      if (message.type() === "error" && /wattline|Content Security Policy/i.test(text)) this.pageErrors.push(text);
    });
  }

  static async open({
    folder,
    settings = {},
    env = {},
    trust,
    installed = [],
    width = 1400,
    height = 900,
  }: WindowOptions): Promise<VsCode> {
    const { startServer } = (await import(`${"file://"}${join(root, "scripts/vscode-server.mjs")}`)) as {
      startServer(options: unknown): Promise<Server>;
    };
    const server = await startServer({
      env,
      installed,
      settings: {
        "security.workspace.trust.enabled": trust === "asked",
        "workbench.startupEditor": "none",
        "workbench.tips.enabled": false,
        "telemetry.telemetryLevel": "off",
        "extensions.ignoreRecommendations": true,
        "update.showReleaseNotes": false,
        "extensions.autoCheckUpdates": false,
        ...settings,
      },
    });
    const browser = await chromium.launch({
      executablePath: process.env.CHROME_PATH ?? "/usr/bin/chromium",
      args: flags,
    });
    const page = await browser.newPage({ viewport: { width, height } });
    const window = new VsCode(server, browser, page, folder, server.address(folder));
    await page.goto(window.url);
    await window.settled();
    return window;
  }

  /** The workbench is up and extensions have had their turn. */
  async settled(): Promise<void> {
    await this.page.locator(".monaco-workbench .statusbar").waitFor({ timeout: 60_000 });
  }

  async reload(): Promise<void> {
    await this.page.reload();
    await this.settled();
  }

  /** Opens a file of the folder. By its whole path: the search by name needs ripgrep, which this server has not. */
  async openFile(name: string): Promise<void> {
    await this.page.keyboard.press("Control+P");
    const input = this.page.locator(".quick-input-widget input");
    await input.waitFor();
    await input.fill(join(this.folder, name));
    await this.page.locator(".quick-input-list .monaco-list-row", { hasText: name }).first().waitFor();
    await this.page.keyboard.press("Enter");
    await this.page.locator(".editor-group-container .tab", { hasText: name }).first().waitFor();
  }

  /** Runs a command from the palette, by its whole title. Those of extensions come a moment after the window. */
  async command(title: string): Promise<void> {
    const until = Date.now() + 20_000;
    for (;;) {
      const row = await this.findCommand(title);
      if (row !== undefined) return row.click();
      await this.page.keyboard.press("Escape");
      if (Date.now() > until) throw new Error(`The palette does not offer "${title}".`);
      await this.page.waitForTimeout(500);
    }
  }

  async offersCommand(title: string): Promise<boolean> {
    const found = (await this.findCommand(title)) !== undefined;
    await this.page.keyboard.press("Escape");
    return found;
  }

  private async findCommand(title: string) {
    await this.page.keyboard.press("F1");
    const input = this.page.locator(".quick-input-widget input");
    await input.waitFor();
    await input.fill(`>${title}`);
    const rows = this.page.locator(".quick-input-list .monaco-list-row");
    await rows.first().waitFor();
    // The list settles in steps: first what is near at hand, then the rest.
    await this.page.waitForTimeout(300);
    for (const row of await rows.all()) {
      const label = await row
        .locator(".monaco-highlighted-label")
        .first()
        .textContent({ timeout: 1000 })
        .catch(() => "");
      if (label?.trim() === title) return row;
    }
    return undefined;
  }

  async openSideBar(): Promise<void> {
    const icon = this.page.locator(".activitybar .action-item", { has: this.page.locator('[aria-label^="Wattline"]') });
    if (!(await this.runs.view.isVisible())) await icon.first().click();
    await this.runs.view.waitFor();
  }

  async goToLine(line: number): Promise<void> {
    await this.page.keyboard.press("Control+G");
    const input = this.page.locator(".quick-input-widget input");
    await input.waitFor();
    await input.fill(`:${line}`);
    await this.page.keyboard.press("Enter");
    await this.page
      .locator(".line-numbers", { hasText: new RegExp(`^${line}$`) })
      .first()
      .waitFor();
  }

  /** Fills the box that a command has opened. */
  async answer(text: string): Promise<void> {
    const input = this.page.locator(".quick-input-widget input");
    await input.waitFor();
    await input.fill(text);
    await this.page.keyboard.press("Enter");
    await input.waitFor({ state: "hidden" });
  }

  async useTheme(theme: keyof typeof themes): Promise<void> {
    await this.command("Preferences: Color Theme");
    const input = this.page.locator(".quick-input-widget input");
    await input.fill(themes[theme]);
    await this.page.locator(".quick-input-list .monaco-list-row", { hasText: themes[theme] }).first().click();
    const name = { light: "vs", dark: "vs-dark", "high-contrast": "hc-black" }[theme];
    await this.page.locator(`.monaco-workbench.${name}`).waitFor({ timeout: 15_000 });
  }

  async screenshot(name: string): Promise<void> {
    mkdirSync(artifacts, { recursive: true });
    await this.page.screenshot({ path: join(artifacts, `${name}.png`) });
  }

  /** As a user who edits settings.json. */
  changeSetting(name: string, value: unknown): void {
    const file = join(this.server.data, "data/Machine/settings.json");
    const settings = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
    writeFileSync(file, JSON.stringify({ ...settings, [name]: value }));
  }

  /** What the extension has written into its log. */
  log(): string {
    const logs = join(this.server.data, "data/logs");
    const files = readdirSync(logs, { recursive: true })
      .map(String)
      .filter((name) => name.endsWith("Wattline.log"));
    return files.map((name) => readFileSync(join(logs, name), "utf8")).join("\n");
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.server.stop();
  }
}

/** Runs a walk in a window; when it fails, says what the window showed and what the extension logged. */
export async function inWindow(
  options: WindowOptions & { name: string },
  walk: (window: VsCode) => Promise<void>,
): Promise<void> {
  const window = await VsCode.open(options);
  try {
    await walk(window);
    if (process.env.WATTLINE_TEST_LOG) console.log(window.log());
  } catch (error) {
    await window.screenshot(`failed-${options.name}`).catch(() => {});
    let log = "(no log)";
    try {
      log = window.log().slice(-6000);
    } catch {}
    console.log(
      `\n--- log of the extension (${options.name}) ---\n${log}\n--- page errors ---\n${window.pageErrors.slice(-20).join("\n")}\n---`,
    );
    throw error;
  } finally {
    await window.close();
  }
}
