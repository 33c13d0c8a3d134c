import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { FromGapPanel, ToGapPanel } from "../../src/messages/gap";
import { formatEnergy } from "../../src/model/format";
import { type OpenPanel, PanelBrowser } from "./browser";
import { makeReport } from "./makeGap";

let browser: PanelBrowser<ToGapPanel, FromGapPanel>;
beforeAll(async () => {
  browser = await PanelBrowser.start("gap");
});
afterAll(() => browser?.close());

const report = makeReport();

async function withPanel(name: string, use: (panel: OpenPanel<ToGapPanel, FromGapPanel>) => Promise<void>) {
  const panel = await browser.open(name);
  await use(panel);
  expect(await panel.faults()).toEqual([]);
  await panel.close();
}

/** How much of the gap plot's area is painted in the colour of the forward's ideal time. */
async function filledShare(panel: OpenPanel<ToGapPanel, FromGapPanel>): Promise<number> {
  return panel.page.evaluate(() => {
    const canvas = document.querySelector<HTMLCanvasElement>("canvas.chart-canvas")!;
    const context = canvas.getContext("2d")!;
    const probe = document.querySelector(".ideal-forward")!;
    const [, red, green, blue] =
      /rgb\((\d+), (\d+), (\d+)/.exec(getComputedStyle(probe).backgroundColor) ??
      // color-mix computes to color(srgb r g b).
      /srgb ([\d.]+) ([\d.]+) ([\d.]+)/.exec(getComputedStyle(probe).backgroundColor)!;
    const scale = getComputedStyle(probe).backgroundColor.includes("srgb") ? 255 : 1;
    const wanted = [red, green, blue].map((part) => Number(part) * scale);
    const [left, top, width, height] = [46, 8, canvas.width - 54, 250];
    const { data } = context.getImageData(left, top, width, height);
    let filled = 0;
    for (let i = 0; i < data.length; i += 4) {
      if (wanted.every((part, k) => Math.abs(data[i + k]! - part) < 6)) filled++;
    }
    return filled / (width * height);
  });
}

describe("the gap panel", () => {
  it("says the sentence, the numbers, and the ten layers that lose most with what they lose", async () => {
    await withPanel("full", async (panel) => {
      expect(await panel.text(".headline")).toBe(report.headline);
      const rows = panel.page.locator(".worst-row");
      expect(await rows.count()).toBe(10);
      const most = [...report.layers].sort((a, b) => b.lostEnergyJ! - a.lostEnergyJ!)[0]!;
      expect(await rows.first().innerText()).toContain(most.name);
      expect(await rows.first().innerText()).toContain(formatEnergy(most.lostEnergyJ));
    });
  });

  it("fills as much of the plot as the ideal time is of the time", async () => {
    await withPanel("full", async (panel) => {
      await panel.page.getByRole("button", { name: "forward", exact: true }).click();
      await panel.settled();
      const forward = report.layers.filter(({ pass }) => pass === "forward");
      const idealS = forward.reduce((sum, { idealTimeS = 0 }) => sum + idealTimeS, 0);
      const share = idealS / forward.reduce((sum, { timeS }) => sum + timeS, 0);
      expect(Math.abs((await filledShare(panel)) - share)).toBeLessThan(0.012);
    });
  });

  it("selects by pointer and by keys, opens the line, and shows the layer's numbers", async () => {
    await withPanel("groups", async (panel) => {
      const { page } = panel;
      await page.getByRole("button", { name: "by block" }).click();
      await page.getByRole("menuitemcheckbox", { name: "by layer" }).click();
      const surface = page.locator(".sequence-surface");
      const box = (await surface.boundingBox())!;
      await page.mouse.click(box.x + 200, box.y + 60);
      const [opened] = await panel.posted();
      expect(opened).toMatchObject({ type: "openSource", path: "/home/someone/project/network.py" });
      const selected = (await panel.state()).selected as string;
      const row = report.layers.find(({ name, pass }) => selected === `${pass} ${name}`)!;
      expect((opened as { line: number }).line).toBe(row.line);
      expect(await panel.text(".gap-details")).toContain(row.name);
      await surface.focus();
      await page.keyboard.press("ArrowRight");
      const next = (await panel.state()).selected as string;
      expect(next).not.toBe(selected);
      expect(await surface.getAttribute("aria-valuetext")).toContain(next.split(" ")[1]);
      expect(await panel.posted()).toHaveLength(1);
      await page.keyboard.press("Enter");
      expect(await panel.posted()).toHaveLength(2);
      await page.locator(".worst-row").nth(2).click();
      expect(await panel.posted()).toHaveLength(3);
    });
  });

  it("zooms by wheel, keys and the strip below, and shows all again by a double click", async () => {
    await withPanel("full", async (panel) => {
      const { page } = panel;
      const box = (await page.locator(".sequence-surface").boundingBox())!;
      await page.mouse.move(box.x + 250, box.y + 100);
      await page.mouse.wheel(0, -400);
      const wheel = (await panel.state()).gapWindow as { from: number; to: number };
      expect(wheel.to - wheel.from).toBeLessThan(report.totals.timeS * 0.6);
      await page.mouse.dblclick(box.x + 250, box.y + 100);
      expect((await panel.state()).gapWindow).toBeUndefined();
      const strip = (await page.locator(".sequence-brush").boundingBox())!;
      await page.mouse.move(strip.x + 100, strip.y + 10);
      await page.mouse.down();
      await page.mouse.move(strip.x + 200, strip.y + 10, { steps: 4 });
      await page.mouse.up();
      const brushed = (await panel.state()).gapWindow as { from: number; to: number };
      const scale = report.totals.timeS / (strip.width - 54);
      expect(brushed.from / (54 * scale)).toBeCloseTo(1, 0);
      expect((brushed.to - brushed.from) / (100 * scale)).toBeCloseTo(1, 1);
      await page.locator(".sequence-surface").focus();
      await page.keyboard.press("+");
      const closer = (await panel.state()).gapWindow as { from: number; to: number };
      expect(closer.to - closer.from).toBeCloseTo((brushed.to - brushed.from) / 2, 6);
    });
  });

  it("goes from tab to tab by arrows and keeps the selection in each", async () => {
    await withPanel("full", async (panel) => {
      const { page } = panel;
      await page.getByRole("tab", { name: "Gap" }).focus();
      await page.keyboard.press("ArrowRight");
      expect((await panel.state()).tab).toBe("waterline");
      expect(await page.locator(".sequence-selected").count()).toBe(1);
      await page.keyboard.press("ArrowRight");
      expect((await panel.state()).tab).toBe("roofline");
      expect(await page.locator(".sequence-surface").getAttribute("aria-valuetext")).toContain("features.2.3");
      await page.keyboard.press("ArrowRight");
      expect(await page.locator("table.data tbody tr").count()).toBeGreaterThanOrEqual(report.layers.length);
      expect(await page.locator("#tab-table").evaluate((tab) => tab === document.activeElement)).toBe(true);
    });
  });

  it("selects what a line of code makes when the editor asks for it", async () => {
    await withPanel("full", async (panel) => {
      await panel.deliver({ type: "select", path: "/home/someone/project/network.py", line: 31 });
      const selected = (await panel.state()).selected as string;
      const row = report.layers.find(({ name, pass }) => selected === `${pass} ${name}`)!;
      expect(row.line).toBe(31);
      expect(await panel.text(".gap-details")).toContain(row.name);
    });
  });

  it("draws nothing of a page's own from names, and saves a picture that is well formed", async () => {
    await withPanel("hostile", async (panel) => {
      expect(await panel.page.evaluate(() => "pwned" in window)).toBe(false);
      await panel.page.getByRole("button", { name: "More actions" }).click();
      await panel.page.getByRole("menuitem", { name: "Save Picture as SVG" }).click();
      await expect.poll(async () => (await panel.posted()).length).toBe(1);
      const [picture] = (await panel.posted()) as { data: string }[];
      const wrong = await panel.page.evaluate(
        (svg) =>
          new DOMParser().parseFromString(svg, "image/svg+xml").querySelector("parsererror, script")?.textContent,
        picture!.data,
      );
      expect(wrong).toBeUndefined();
      expect(picture!.data).not.toContain("NaN");
    });
  });

  it("draws 2,000 layers of both passes soon after their data has come", async () => {
    await withPanel("loading", async (panel) => {
      const drawnMs = await panel.page.evaluate(
        () =>
          new Promise<number>((done) => {
            window.wattlineTest.prepareCase("huge");
            const start = performance.now();
            window.wattlineTest.deliverCase("huge");
            // The chart begins with its first size, a frame after the element: wait until it is painted.
            const look = () => {
              const canvas = document.querySelector<HTMLCanvasElement>("canvas.chart-canvas");
              const isPainted =
                canvas !== null &&
                canvas.width > 300 &&
                canvas
                  .getContext("2d")!
                  .getImageData(100, 20, 100, 200)
                  .data.some((part) => part !== 0);
              if (isPainted) done(performance.now() - start);
              else requestAnimationFrame(look);
            };
            look();
          }),
      );
      console.log(`2,000 layers, 4,000 rows, drawn ${drawnMs.toFixed(0)} ms after their data came`);
      expect(drawnMs).toBeLessThan(20_000);
    });
  });
});
