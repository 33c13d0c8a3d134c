import { mkdirSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PanelBrowser } from "../browser";
import { galleryCases, galleryPanels } from "./list";

const panels = await Promise.all(galleryPanels().map(async (panel) => ({ panel, cases: await galleryCases(panel) })));

/** Each case is a picture to look at in artifacts/gallery and a test that it can be looked at. */
describe.each(panels)("the $panel panel stays inside its width, breaks no policy and clips no number", (each) => {
  const folder = `artifacts/gallery/${each.panel}`;
  let browser: PanelBrowser;
  beforeAll(async () => {
    mkdirSync(folder, { recursive: true });
    browser = await PanelBrowser.start(each.panel);
  });
  afterAll(() => browser?.close());

  it.each(each.cases.filter(([, shown]) => !shown.unpictured))("as %s", async (name, shown) => {
    const panel = await browser.open(name);
    const { page } = panel;
    for (const width of shown.widths ?? [900]) {
      await page.setViewportSize({ width, height: 900 });
      for (const theme of width === 900
        ? ["light", "dark", "contrast", "contrastLight"]
        : ["light", "dark", "contrast"]) {
        await page.evaluate((next) => window.wattlineTest.setTheme(next), theme);
        await panel.settled();
        const path = `${folder}/${name}-${theme}${width === 900 ? "" : `-${width}`}.png`;
        await page.screenshot({ path, fullPage: true });
      }
      const layout = await page.evaluate(() => {
        const numbers = ".tile-number, .tile-unit, .bar-value, .bar-share, .fact-text, .zoom-sum";
        const clipped = [...document.querySelectorAll<HTMLElement>(numbers)]
          .filter((element) => {
            const box = element.getBoundingClientRect();
            return box.width > 0 && (box.left < -0.5 || box.right > innerWidth + 0.5);
          })
          .map((element) => `${element.className}: ${element.textContent?.slice(0, 60)}`);
        return { scroll: document.documentElement.scrollWidth, width: innerWidth, clipped };
      });
      expect(layout.scroll, `${name} at ${width}`).toBeLessThanOrEqual(layout.width);
      expect(layout.clipped).toEqual([]);
    }
    expect(await panel.faults()).toEqual([]);
    await panel.close();
  });
});
