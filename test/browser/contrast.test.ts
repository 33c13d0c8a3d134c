import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PanelBrowser } from "./browser";
import type { GalleryCase } from "./gallery/case";
import { galleryCases, galleryPanels } from "./gallery/list";
import { themes } from "./themes";

const tested = (
  await Promise.all(galleryPanels().map(async (panel) => ({ panel, cases: await galleryCases(panel) })))
).flatMap(({ panel, cases }) =>
  cases.flatMap(([name, { contrast }]) => (contrast === undefined ? [] : [{ panel, name, contrast }])),
);

/** Texts that every panel may have. */
const frameTexts =
  "h1, h2, .headline, .fact-text, .tile dt, .tile-number, .tile-error, .mark, .link, .ghost, summary .muted, .remark";

/** Contrast of texts, and of marks against the background, by WCAG 2.1's formula, from what the browser computed. */
async function contrasts(
  browser: PanelBrowser,
  name: string,
  theme: string,
  { texts, marks }: NonNullable<GalleryCase["contrast"]>,
) {
  const panel = await browser.open(name, { theme });
  const selectors = { texts: `${frameTexts}, ${texts}`, marks };
  const found = await panel.page.evaluate((wanted) => {
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
    const texts = [...document.querySelectorAll(wanted.texts)].map((element) => {
      const below = background(element);
      return {
        name: element.className || element.tagName,
        ratio: ratio(over(read(getComputedStyle(element).color), below), below),
      };
    });
    const marks = [...(wanted.marks === "" ? [] : document.querySelectorAll(wanted.marks))].map((element) => {
      const below = background(element.parentElement);
      const other = element.getAttribute("data-phase") === "other";
      // The rest of the run is the foreground at low opacity; what has the contrast is its edge.
      const edge = getComputedStyle(element).boxShadow.replace(/ 0px.*$/, "");
      const colour = read(other ? edge : getComputedStyle(element).backgroundColor);
      return {
        name: element.getAttribute("data-phase") ?? element.className,
        ratio: ratio(over(colour, below), below),
      };
    });
    return { texts, marks };
  }, selectors);
  await panel.close();
  return found;
}

describe.each(tested)("the $panel panel as $name", ({ panel, name, contrast }) => {
  let browser: PanelBrowser;
  beforeAll(async () => {
    browser = await PanelBrowser.start(panel);
  });
  afterAll(() => browser?.close());

  it.each(Object.keys(themes))("has text of a contrast of 4.5 and marks of 3 in the theme %s", async (theme) => {
    const { texts, marks } = await contrasts(browser, name, theme, contrast);
    expect(texts.length).toBeGreaterThan(contrast.found.texts);
    expect(marks.length).toBe(contrast.found.marks);
    expect(texts.filter(({ ratio }) => ratio < 4.5)).toEqual([]);
    expect(marks.filter(({ ratio }) => ratio < 3)).toEqual([]);
  });
});
