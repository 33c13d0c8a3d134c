import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bloatMarkdown, wasteMarkdown } from "../../../src/editor/panels/bloat/markdown";
import { type PlanColumns, planEnergyJ } from "../../../src/model/bloatView";
import { binsOf, Lanes, scaleOf, shadeOf, shades } from "../../../webview/bloat/ganttBoxes";
import { BloatModel, boundAt, cornerBeside } from "../../../webview/bloat/model";
import { planGroups, planRow, rangeText } from "../../../webview/bloat/planRows";
import { freshState, readState, stateFor, withinProfile } from "../../../webview/bloat/state";
import { stepsOf } from "../../../webview/bloat/waterfall";
import { makeBloat, pipeline } from "../../browser/makeBloat";
import { makeWaste } from "../../browser/makeWaste";

const { columns, plans, frontier, messages } = makeBloat(pipeline(3, 4), { plans: 24 });

describe("looking up a plan", () => {
  const model = new BloatModel();
  for (const message of messages) model.take(message as never);

  it("finds the best at hand that keeps the time, as going through all of them does", () => {
    fc.assert(
      fc.property(fc.double({ min: 0.5, max: 3, noNaN: true }), (factor) => {
        const timeS = factor * columns.minimumTimeS;
        const among = plans.filter(({ deadlineS }) => deadlineS <= timeS * (1 + 1e-9));
        expect(model.planAt(timeS)).toBe(among.at(-1));
      }),
    );
  });

  it("takes the plan that was searched where that is better, and only for times that it keeps", () => {
    const timeS = columns.minimumTimeS * 1.1;
    const looked = model.planAt(timeS)!;
    const plan: PlanColumns = { ...looked, deadlineS: timeS, effectiveJ: looked.effectiveJ - 1 };
    model.take({ type: "plan", plan });
    expect(model.planAt(timeS)).toBe(plan);
    expect(model.isSearched(timeS)).toBe(true);
    expect(model.planAt(timeS * 0.999)).not.toBe(plan);
    expect(model.planAt(columns.slowestUsefulTimeS)).toBe(plans.at(-1));
  });

  it("has the frontier's bound between corners too, and goes from corner to corner", () => {
    fc.assert(
      fc.property(fc.double({ min: 1, max: 3, noNaN: true }), (factor) => {
        const timeS = factor * columns.minimumTimeS;
        expect(boundAt(columns, timeS)).toBeCloseTo(frontier.energyAt(timeS * frontier.problem.ticksPerS), 5);
      }),
    );
    let timeS = columns.minimumTimeS;
    for (let k = 1; k < columns.cornerS.length; k++) {
      timeS = cornerBeside(columns, timeS, 1);
      expect(timeS).toBe(columns.cornerS[k]);
    }
    expect(cornerBeside(columns, timeS, 1)).toBe(timeS);
    expect(cornerBeside(columns, timeS, -1)).toBe(columns.cornerS.at(-2));
  });
});

describe("the plan's table", () => {
  it("has every operation in one row, and rows add up to what the plan saves", () => {
    const groups = planGroups(columns);
    expect(groups.reduce((sum, { operations }) => sum + operations.length, 0)).toBe(columns.operations);
    for (const plan of [plans[0]!, plans[12]!]) {
      const saved = groups.reduce((sum, group) => sum + planRow(group, columns, plan).savedJ, 0);
      const timeS = plan.deadlineS;
      const whole = planEnergyJ(columns.baseline, columns, timeS) - planEnergyJ(plan, columns, timeS);
      expect(saved).toBeCloseTo(whole, 6);
    }
  });

  it("says a range once where its ends are the same, and a dash where there is no clock", () => {
    expect(rangeText([1410, 1410])).toBe("1410");
    expect(rangeText([1305, 1410])).toBe("1305–1410");
    expect(rangeText([Number.NaN, Number.NaN])).toBe("–");
  });
});

describe("the Gantt chart's pixels", () => {
  const lanes = new Lanes(columns);
  const scale = scaleOf(columns, "power");

  it("keep the time that a lane works, however few they are", () => {
    for (const width of [7, 100, 1000]) {
      for (let lane = 0; lane < columns.lanes; lane++) {
        const { busy } = binsOf(
          columns,
          plans[0]!,
          lanes.of(lane),
          { from: 0, to: columns.minimumTimeS },
          width,
          scale,
        );
        const pixels = busy.reduce((sum, share) => sum + share, 0);
        const workS = lanes
          .of(lane)
          .reduce((sum, i) => sum + columns.classes[columns.classOf[i]!]!.timeS[plans[0]!.option[i]!]!, 0);
        expect((pixels / width) * columns.minimumTimeS).toBeCloseTo(workS, 3);
        expect(Math.max(...busy)).toBeLessThanOrEqual(1 + 1e-3);
      }
    }
  });

  it("find the operation that runs at a moment, and none where the lane waits", () => {
    const { startS } = columns.baseline;
    for (const i of lanes.of(1)) expect(lanes.at(1, startS[i]! + 1e-4, columns, columns.baseline)).toBe(i);
    expect(lanes.at(1, startS[lanes.of(1)[0]!]! - 1e-4, columns, columns.baseline)).toBe(-1);
  });

  it("have shades within the ramp whatever the value", () => {
    for (const value of [-1e9, 0, scale.low, scale.high, 1e9]) {
      expect(shadeOf(value, scale)).toBeGreaterThanOrEqual(0);
      expect(shadeOf(value, scale)).toBeLessThan(shades);
    }
  });
});

describe("what the bloat panel keeps", () => {
  it("is read back, and nonsense is not", () => {
    const kept = {
      ...freshState,
      subject: "/a",
      atS: 2,
      straggler: 1.2,
      zoom: { from: 0, to: 1 },
      selection: { lane: 1, kind: 0, operation: 4 },
    };
    expect(readState(structuredClone(kept))).toEqual(kept);
    for (const nonsense of [
      undefined,
      null,
      7,
      { zoom: { from: 2, to: 1 }, selection: { lane: -1, kind: 0 }, straggler: 1e9, atS: Number.NaN },
    ])
      expect(readState(nonsense)).toEqual(freshState);
  });

  it("has no places that another or a changed profile has not", () => {
    const kept = { ...freshState, subject: "/a", atS: 2, selection: { lane: 9, kind: 0 }, zoom: { from: 50, to: 60 } };
    expect(withinProfile(kept, columns)).toEqual({ ...freshState, subject: "/a", atS: 2 });
    expect(stateFor(kept, "/b")).toEqual({ ...freshState, subject: "/b" });
  });
});

describe("the waterfall of a run", () => {
  it("falls from the whole to the useful part without a gap", () => {
    const report = makeWaste();
    const steps = stepsOf(report);
    for (let k = 1; k + 1 < steps.length; k++)
      expect(steps[k]!.toJ).toBeCloseTo(k === 1 ? report.energyJ : steps[k - 1]!.fromJ, 9);
    const useful = report.parts.filter(({ kind }) => kind === "useful").reduce((sum, { energyJ }) => sum + energyJ, 0);
    expect(steps.at(-1)!.toJ).toBeCloseTo(useful, 6);
  });
});

describe("copied as Markdown", () => {
  const evil = "[x](http://evil)|<b>";

  it("a profile and a run show hostile text as text", () => {
    const report = makeWaste({
      notes: [evil],
      parts: makeWaste().parts.map((part) => ({ ...part, name: evil, remedy: evil })),
    });
    const texts = [
      bloatMarkdown(evil, { ...columns, name: evil, notes: [evil] }, plans[0]!),
      wasteMarkdown({ title: evil, startedAt: "2026-11-24T12:04:11Z", headline: evil, report }),
    ];
    for (const text of texts) {
      expect(text).not.toContain("[x](http://evil)");
      expect(text).not.toContain("<b>");
      expect(text).not.toMatch(/NaN|undefined/);
    }
  });
});
