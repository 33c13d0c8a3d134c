import { mkdirSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { planFor } from "../../src/analysis/bloat";
import type { FromBloatPanel, ToBloatPanel } from "../../src/messages/bloat";
import { planEnergyJ } from "../../src/model/bloatView";
import { formatEnergy, formatPartOfWhole, formatShare } from "../../src/model/format";
import { type OpenPanel, PanelBrowser } from "./browser";
import { bloat } from "./gallery/bloat/full";
import { report, sentence } from "./gallery/bloat/ranks";

let browser: PanelBrowser<ToBloatPanel, FromBloatPanel>;
beforeAll(async () => {
  browser = await PanelBrowser.start("bloat");
});
afterAll(() => browser?.close());

type Panel = OpenPanel<ToBloatPanel, FromBloatPanel>;

/** Opens a case, does something with it, and closes it without faults. */
async function withPanel(
  name: string,
  use: (panel: Panel) => Promise<void>,
  options: Parameters<typeof browser.open>[1] = {},
) {
  const panel = await browser.open(name, options);
  await use(panel);
  expect(await panel.faults()).toEqual([]);
  await panel.close();
}

const { columns, plans, frontier } = bloat;
const nowJ = planEnergyJ(columns.baseline, columns, columns.minimumTimeS);
const fastJ = planEnergyJ(plans[0]!, columns, columns.minimumTimeS);

/** The handle's time as assistive technology hears it. */
const timeS = async ({ page }: Panel) => Number(await page.locator(".frontier-surface").getAttribute("aria-valuenow"));

describe("a solved profile", () => {
  it("says first what buys no speed, then the numbers of its plan", async () => {
    await withPanel("full", async (panel) => {
      const share = formatShare(1 - fastJ / nowJ);
      expect(await panel.text(".headline")).toBe(
        `${share} of this iteration's energy buys no speed: ${formatPartOfWhole(nowJ - fastJ, nowJ, "J")}.`,
      );
      const tiles = (await panel.page.locator(".tile").allInnerTexts()).map((tile) => tile.replace(/\s+/g, " "));
      expect(tiles[0]).toBe(`now ${formatEnergy(nowJ)} ○ every operation at its fastest`);
      expect(tiles[2]).toBe(`saved ${formatEnergy(nowJ - fastJ)} ○ ${share} of now`);
      expect(await panel.page.locator(".tile .mark").first().getAttribute("aria-label")).toBe("modelled");
    });
  });

  it("lists the plan by stage and pass, and its savings add up to what the plan saves", async () => {
    await withPanel("full", async (panel) => {
      const rows = await panel.page.locator(".plan-table tbody tr").allInnerTexts();
      expect(rows.map((row) => row.split(/\s+/).slice(0, 2).join(" "))).toEqual(
        [0, 1, 2, 3].flatMap((stage) => [`${stage} forward`, `${stage} backward`]),
      );
      const saved = rows.map((row) => Number(row.split(/\s+/).at(-2)));
      expect(saved.reduce((sum, value) => sum + value, 0)).toBeCloseTo(nowJ - fastJ, -1);
    });
  });

  it("asks the extension for what only it can do", async () => {
    await withPanel("full", async (panel) => {
      const pick = async (button: string, name: string) => {
        await panel.page.getByRole("button", { name: button }).click();
        await panel.page.getByRole("menuitem", { name }).click();
      };
      await panel.page.waitForTimeout(300);
      await pick("Export", "Plan as JSON");
      await pick("Export", "Compare a Frequency Plan");
      await pick("More actions", "Copy as Markdown");
      await pick("More actions", "What Is This");
      const posted = await panel.posted();
      expect(posted.map(({ type }) => type)).toEqual(["plan", "export", "import", "copyMarkdown", "help"]);
      expect(posted[1]).toEqual({ type: "export", form: "json", timeS: columns.minimumTimeS });
    });
  });

  it("saves its picture as SVG and PNG", async () => {
    await withPanel("straggler", async (panel) => {
      for (const format of ["SVG", "PNG"]) {
        await panel.page.getByRole("button", { name: "More actions" }).click();
        await panel.page.getByRole("menuitem", { name: `Save Picture as ${format}` }).click();
      }
      const pictures = async () => (await panel.posted()).filter(({ type }) => type === "savePicture");
      await expect.poll(async () => (await pictures()).length).toBe(2);
      const [svg, png] = (await pictures()) as unknown as [{ data: string }, { data: string }];
      for (const part of ["buys no speed", "straggler 1.2×", "○ modelled", "critical path"])
        expect(svg.data).toContain(part);
      expect(svg.data).not.toMatch(/NaN|var\(|color-mix|undefined/);
      const bytes = Buffer.from(png.data, "base64");
      expect(bytes.subarray(1, 4).toString()).toBe("PNG");
      mkdirSync("artifacts/gallery/bloat", { recursive: true });
      writeFileSync("artifacts/gallery/bloat/saved.png", bytes);
    });
  });
});

describe("the frontier's handle", () => {
  it("goes from corner to corner by arrow keys, and to the ends", async () => {
    await withPanel("full", async (panel) => {
      await panel.page.locator(".frontier-surface").focus();
      await panel.page.keyboard.press("ArrowRight");
      await panel.settled();
      expect(await timeS(panel)).toBe(columns.cornerS.find((corner) => corner > columns.minimumTimeS * (1 + 1e-9)));
      await panel.page.keyboard.press("ArrowLeft");
      await panel.settled();
      expect(await timeS(panel)).toBe(columns.minimumTimeS);
      await panel.page.keyboard.press("End");
      await panel.settled();
      expect(await timeS(panel)).toBe(columns.slowestUsefulTimeS);
      await panel.page.keyboard.press("Escape");
      expect(await panel.page.evaluate(() => document.activeElement?.className)).not.toContain("frontier-surface");
    });
  });

  it("is dragged, and the best plan for where it rests is asked for and shown", async () => {
    await withPanel("full", async (panel) => {
      const box = (await panel.page.locator(".frontier-surface").boundingBox())!;
      await panel.page.mouse.move(box.x + 70, box.y + 100);
      await panel.page.mouse.down();
      await panel.page.mouse.move(box.x + box.width / 2, box.y + 120, { steps: 6 });
      await panel.page.mouse.up();
      const at = await timeS(panel);
      expect(at).toBeGreaterThan(columns.minimumTimeS * 1.1);
      await expect.poll(async () => (await panel.posted()).at(-1)).toEqual({ type: "plan", timeS: at });
      const before = await panel.text(".tile:nth-child(2)");
      const best = planFor(frontier, Math.round(at * frontier.problem.ticksPerS));
      const found = plans.findLast(({ deadlineS }) => deadlineS <= at)!;
      expect(best.effectiveJ).toBeLessThan(found.effectiveJ);
      const { option, startS, slackS, ...numbers } = found;
      const plain = { ...numbers, effectiveJ: best.effectiveJ, deadlineS: at };
      await panel.page.evaluate(
        ([rest, options, starts, slacks]) => {
          const columns = {
            option: Uint16Array.from(options),
            startS: Float32Array.from(starts),
            slackS: Float32Array.from(slacks),
          };
          window.wattlineTest.deliver({ type: "plan", plan: { ...rest, ...columns } } as { type: string });
        },
        [plain, [...option], [...startS], [...slackS]] as const,
      );
      await panel.settled();
      expect(await panel.text(".tile:nth-child(2)")).toContain(
        formatEnergy(planEnergyJ({ ...found, effectiveJ: best.effectiveJ }, columns, at)),
      );
      expect(await panel.text(".tile:nth-child(2)")).not.toBe(before);
    });
  });
});

describe("the straggler", () => {
  it("moves the plan with it, and the sentence says what is lost", async () => {
    await withPanel("full", async (panel) => {
      await panel.page.locator("#straggler").fill("1.2");
      await panel.settled();
      expect(await timeS(panel)).toBeCloseTo(1.2 * columns.minimumTimeS, 9);
      const until = 1.2 * columns.minimumTimeS;
      const plan = plans.findLast(({ deadlineS }) => deadlineS <= until)!;
      const forced = planEnergyJ(columns.baseline, columns, until);
      const share = formatShare(1 - planEnergyJ(plan, columns, until) / forced);
      expect(await panel.text(".headline")).toMatch(new RegExp(`straggler 1\\.2× as slow, ${share}\\.$`));
      await panel.page.locator("#straggler").fill("1");
      await panel.settled();
      expect(await timeS(panel)).toBe(columns.minimumTimeS);
    });
  });

  it("is taken from a run where one was measured", async () => {
    await withPanel("straggler", async (panel) => {
      expect(await panel.text(".straggler .remark")).toContain("Rank 6 of train_ddp 12:04 takes 1.2× as long");
      expect(await panel.text(".straggler-value")).toMatch(/^1\.2×/);
    });
  });
});

describe("the selection", () => {
  it("goes from the Gantt chart to the table and back", async () => {
    await withPanel("full", async (panel) => {
      const box = (await panel.page.locator(".gantt-now canvas").boundingBox())!;
      const rowHeight = box.height / columns.lanes;
      // Stage 3 works without a pause in the middle.
      await panel.page.mouse.click(box.x + box.width / 2, box.y + 3.5 * rowHeight);
      await panel.settled();
      const selected = panel.page.locator(".plan-table tr.selected");
      expect(await selected.count()).toBe(1);
      expect((await selected.innerText()).split(/\s+/)[0]).toBe("3");
      expect(await panel.page.locator(".plan-operations tr.selected").count()).toBe(1);

      const canvas = () =>
        panel.page.locator(".gantt-plan canvas").evaluate((element) => (element as HTMLCanvasElement).toDataURL());
      const before = await canvas();
      await panel.page.locator(".plan-table tbody tr").nth(1).click();
      await panel.settled();
      expect(await panel.text(".gantt-rows .selected")).toContain("0");
      expect(await canvas()).not.toBe(before);
      expect(await panel.state()).toMatchObject({ selection: { lane: 0, kind: 1 } });
    });
  });

  it("is moved by arrow keys in chart and table", async () => {
    await withPanel("full", async (panel) => {
      await panel.page.locator(".gantt-plan").focus();
      for (const key of ["ArrowRight", "ArrowRight", "ArrowDown"]) await panel.page.keyboard.press(key);
      await panel.settled();
      expect(await panel.page.locator(".gantt-plan").getAttribute("aria-valuetext")).toMatch(
        /^forward of microbatch \d, stage 1, \d+ MHz/,
      );
      await panel.page.locator(".plan-table tr[tabindex='0']").focus();
      await panel.page.keyboard.press("ArrowDown");
      await panel.settled();
      expect((await panel.text(".plan-table tr.selected")).split(" ").slice(0, 2)).toEqual(["1", "backward"]);
    });
  });

  it("reaches every chart and table by Tab once", async () => {
    await withPanel("full", async (panel) => {
      const stops: string[] = [];
      for (let k = 0; k < 12; k++) {
        await panel.page.keyboard.press("Tab");
        stops.push(
          await panel.page.evaluate(() => {
            const { activeElement } = document;
            return `${activeElement?.tagName.toLowerCase()} ${activeElement?.id || activeElement?.className}`;
          }),
        );
      }
      const once = (part: string) => stops.filter((stop) => stop.includes(part)).length;
      for (const part of ["frontier-surface", "straggler", "tr ", "gantt-now", "gantt-plan", "summary"])
        expect(once(part), `${part} in ${stops.join(", ")}`).toBe(1);
    });
  });
});

describe("the Gantt chart", () => {
  it("colours by clock, zooms, and shows all again", async () => {
    await withPanel("full", async (panel) => {
      expect(await panel.text(".gantt-key:nth-of-type(3)")).toMatch(/300 W$/);
      await panel.page.getByRole("button", { name: "by power" }).click();
      await panel.settled();
      expect(await panel.text(".gantt-key:nth-of-type(3)")).toBe("720 1410 MHz");
      const box = (await panel.page.locator(".gantt-now").boundingBox())!;
      await panel.page.mouse.move(box.x + 200, box.y + 10);
      await panel.page.mouse.down();
      await panel.page.mouse.move(box.x + 400, box.y + 10, { steps: 3 });
      await panel.page.mouse.up();
      await panel.settled();
      expect(await panel.state()).toHaveProperty("zoom");
      await panel.page.getByRole("button", { name: "Show all" }).click();
      await panel.settled();
      expect(await panel.state()).not.toHaveProperty("zoom");
    });
  });

  it("of 16 stages and 512 microbatches answers the slider about as fast as a small one", async () => {
    const medians: Record<string, number> = {};
    for (const name of ["full", "huge"]) {
      await withPanel(name, async ({ page }) => {
        medians[name] = await page.evaluate(async () => {
          const input = document.querySelector<HTMLInputElement>("#straggler")!;
          const drawn = async () => {
            for (const element of ["wattline-bloat", "wl-frontier", "wl-gantt"])
              await (document.querySelector(element) as unknown as { updateComplete: Promise<unknown> }).updateComplete;
          };
          const times: number[] = [];
          for (let k = 0; k < 21; k++) {
            input.value = String(1.05 + 0.02 * k);
            const before = performance.now();
            input.dispatchEvent(new Event("input"));
            await drawn();
            times.push(performance.now() - before);
            await new Promise((done) => requestAnimationFrame(done));
          }
          return times.sort((x, y) => x - y)[10]!;
        });
      });
    }
    console.log(`slider: ${JSON.stringify(medians)} ms`);
    // A ratio, because the machine may be busy.
    expect(medians.huge! / medians.full!, JSON.stringify(medians)).toBeLessThan(40);
  });
});

describe("what is not a solved profile", () => {
  it("is a bar with a way to end it, and a way to begin again", async () => {
    await withPanel("solving", async (panel) => {
      expect(await panel.page.locator("progress").evaluate((element) => (element as HTMLProgressElement).value)).toBe(
        0.37,
      );
      await panel.page.getByRole("button", { name: "Cancel" }).click();
      expect(await panel.posted()).toEqual([{ type: "cancel" }]);
    });
    await withPanel("stopped", async (panel) => {
      await panel.page.getByRole("button", { name: "Solve Again" }).click();
      expect(await panel.posted()).toEqual([{ type: "solve" }]);
    });
  });

  it("is the sentence of what is wrong with the file, until it is mended", async () => {
    await withPanel("failed", async (panel) => {
      expect(await panel.page.getByRole("alert").innerText()).toContain("forward.2.0.timeS");
      await panel.page.evaluate(() => window.wattlineTest.deliverCase("full"));
      await panel.settled();
      expect(await panel.page.getByRole("alert").count()).toBe(0);
    });
  });

  it("says that nothing is lost where there is nothing to choose", async () => {
    await withPanel("nothing", async (panel) => {
      expect(await panel.text(".headline")).toBe("No energy of this iteration is spent without making it faster.");
    });
  });
});

describe("a run", () => {
  it("falls from all of its energy to the useful part, each part with its error, basis and remedy", async () => {
    await withPanel("ranks", async (panel) => {
      expect(await panel.text(".headline")).toBe(sentence);
      const steps = (await panel.page.locator(".step").allInnerTexts()).map((text) => text.replace(/\s+/g, " "));
      expect(steps.length).toBe(report.parts.filter(({ kind }) => kind !== "useful").length + 2);
      expect(steps[3]).toBe(
        "waiting for rank 2 1.48 ± 0.04 kJ ● 12 % Rank 2 is throttled: mend its cooling, or run the others slower meanwhile.",
      );
      // Each bar begins where the one before ended: no joule twice, none left out.
      const bars = await panel.page.locator(".step-fill").evaluateAll((all) =>
        all.map((element) => {
          const { left, right } = element.getBoundingClientRect();
          return { left, right };
        }),
      );
      for (let k = 1; k + 1 < bars.length; k++)
        expect(bars[k]!.right).toBeCloseTo(k === 1 ? bars[0]!.right : bars[k - 1]!.left, 0);
      expect(bars.at(-1)!.right).toBeCloseTo(bars.at(-2)!.left, 0);
    });
  });

  it("names who is waited for, and shows when", async () => {
    await withPanel("ranks", async (panel) => {
      expect(await panel.text(".stragglers li")).toMatch(
        /^Rank 2 throttled is slow throughout: .* 1\.31× .*78 %.*1\.48 ± 0\.04 kJ/,
      );
      const map = panel.page.locator(".wait-surface");
      await map.focus();
      for (const key of ["ArrowRight", "End", "ArrowDown"]) await panel.page.keyboard.press(key);
      await panel.settled();
      expect(await map.getAttribute("aria-valuetext")).toMatch(/^rank 1, 135\.0 s: waits \d+ % of the time$/);
      await panel.page.getByRole("button", { name: "Waiting as a table" }).click();
      await panel.settled();
      expect(await panel.page.locator(".wait-map table tbody tr").count()).toBe(4);
    });
  });

  it("keeps the selected part, and is saved as a picture", async () => {
    await withPanel("oneRank", async (panel) => {
      expect(await panel.text(".step.selected")).toContain("waiting for data");
      expect(await panel.page.locator("wl-wait-map, .stragglers").count()).toBe(0);
      await panel.page.getByRole("button", { name: "More actions" }).click();
      await panel.page.getByRole("menuitem", { name: "Save Picture as SVG" }).click();
      const [picture] = (await panel.posted()) as unknown as [{ data: string }];
      expect(picture.data).toContain("waiting for data");
      expect(picture.data).not.toMatch(/NaN|undefined|var\(/);
    });
  });
});

describe("hostile content", () => {
  it.each(["hostile", "hostileRun"])("is text, everywhere, as %s", async (name) => {
    await withPanel(name, async (panel) => {
      expect(await panel.page.evaluate(() => (window as unknown as { pwned?: number }).pwned)).toBeUndefined();
      expect(await panel.page.locator("main img, main script").count()).toBe(0);
      expect(await panel.text("h1")).toContain("</script>");
      expect(await panel.page.locator("main").innerText()).not.toMatch(/NaN|undefined|Infinity/);
    });
  });
});
