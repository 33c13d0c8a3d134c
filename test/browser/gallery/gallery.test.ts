import { mkdirSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PanelBrowser } from "../browser";
import { cases } from "./run/cases";

const folder = "artifacts/gallery/run";
let browser: PanelBrowser;
beforeAll(async () => {
  mkdirSync(folder, { recursive: true });
  browser = await PanelBrowser.start();
});
afterAll(() => browser?.close());

const pictured = Object.entries(cases).filter(([, shown]) => !shown.unpictured);

/** Each case is a picture to look at in artifacts/gallery and a test that it can be looked at. */
describe("the run panel stays inside its width, breaks no policy and clips no number", () => {
  it.each(pictured)("as %s", async (name, shown) => {
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

describe("the run panel, under the pointer,", () => {
  it.each(["light", "dark", "contrast"])("in %s, is worth a look too", async (theme) => {
    const panel = await browser.open("zoomed", { theme });
    const { page } = panel;
    const box = (await page.locator(".timeline-surface").boundingBox())!;
    await page.mouse.move(box.x + 260, box.y + 90);
    await page.screenshot({ path: `${folder}/pointer-hover-${theme}.png` });
    await page.mouse.down();
    await page.mouse.move(box.x + 560, box.y + 90, { steps: 3 });
    await page.screenshot({ path: `${folder}/pointer-drag-${theme}.png` });
    await page.mouse.up();
    await page.getByRole("button", { name: "More actions" }).click();
    await page.screenshot({ path: `${folder}/pointer-menu-${theme}.png` });
    await page.getByRole("menuitem", { name: "Save Picture as PNG" }).click();
    await expect.poll(async () => (await panel.posted()).length).toBe(1);
    const [picture] = (await panel.posted()) as unknown as [{ data: string }];
    writeFileSync(`${folder}/saved-${theme}.png`, Buffer.from(picture.data, "base64"));
    expect(await panel.faults()).toEqual([]);
    await panel.close();
  });
});
