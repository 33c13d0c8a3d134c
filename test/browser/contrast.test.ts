import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PanelBrowser } from "./browser";
import { themes } from "./themes";

let browser: PanelBrowser;
beforeAll(async () => {
  browser = await PanelBrowser.start();
});
afterAll(() => browser?.close());

/** Contrast of texts, and of marks against the background, by WCAG 2.1's formula, from what the browser computed. */
async function contrasts(theme: string) {
  const panel = await browser.open("ranks", { theme });
  const found = await panel.page.evaluate(() => {
    type Colour = [number, number, number, number];
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true })!;
    const read = (css: string): Colour => {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = css;
      canvas.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
      return [r!, g!, b!, a! / 255];
    };
    const over = (top: Colour, below: Colour): Colour =>
      [0, 1, 2].map((i) => top[i]! * top[3] + below[i]! * (1 - top[3])).concat(1) as Colour;
    const background = (element: Element | null): Colour => {
      if (element === null) return [255, 255, 255, 1];
      const own = read(getComputedStyle(element).backgroundColor);
      return own[3] === 1 ? own : over(own, background(element.parentElement));
    };
    const light = ([r, g, b]: Colour) => {
      const [x, y, z] = [r, g, b].map((part) =>
        part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4,
      );
      return 0.2126 * x! + 0.7152 * y! + 0.0722 * z!;
    };
    const ratio = (a: Colour, b: Colour) => {
      const [low, high] = [light(a), light(b)].sort((p, q) => p - q);
      return (high! + 0.05) / (low! + 0.05);
    };
    const texts = [
      ...document.querySelectorAll(
        "h1, h2, .fact-text, .tile dt, .tile-number, .tile-error, .mark, .bar-label, .bar-value, .bar-share, .bar-source, .phase-name, .headline, .link, .ghost, summary .muted, .scatter-legend > span, .curve-label, .remark",
      ),
    ].map((element) => {
      const below = background(element);
      return {
        name: element.className || element.tagName,
        ratio: ratio(over(read(getComputedStyle(element).color), below), below),
      };
    });
    const marks = [...document.querySelectorAll(".bar-fill")].map((element) => {
      const below = background(element.parentElement);
      const other = element.getAttribute("data-phase") === "other";
      // The rest of the run is the foreground at low opacity; what has the contrast is its edge.
      const edge = getComputedStyle(element).boxShadow.replace(/ 0px.*$/, "");
      const colour = read(other ? edge : getComputedStyle(element).backgroundColor);
      return { name: element.getAttribute("data-phase")!, ratio: ratio(over(colour, below), below) };
    });
    return { texts, marks };
  });
  await panel.close();
  return found;
}

describe.each(Object.keys(themes))("in the theme %s", (theme) => {
  it("text has a contrast of 4.5 and marks of 3", async () => {
    const { texts, marks } = await contrasts(theme);
    expect(texts.length).toBeGreaterThan(30);
    expect(marks.length).toBe(7);
    expect(texts.filter(({ ratio }) => ratio < 4.5)).toEqual([]);
    expect(marks.filter(({ ratio }) => ratio < 3)).toEqual([]);
  });
});
