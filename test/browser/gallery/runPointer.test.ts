import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { FromRunPanel, ToRunPanel } from "../../../src/messages/run";
import { PanelBrowser } from "../browser";

const folder = "artifacts/gallery/run";
let browser: PanelBrowser<ToRunPanel, FromRunPanel>;
beforeAll(async () => {
  browser = await PanelBrowser.start("run");
});
afterAll(() => browser?.close());

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
