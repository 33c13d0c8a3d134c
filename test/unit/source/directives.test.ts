import { describe, expect, it } from "vitest";
import { loopsOf, told } from "./samples";

const training =
  "import torch\nfor e in range(3):\n    for x in y:\n        loss.backward()\n        optimizer.step()\n";

describe("# wattline: comments", () => {
  it("make a loop one, with confidence 1", () => {
    const { loops } = loopsOf("# wattline: loop\nfor x in y:\n    pass\n");
    expect(loops).toEqual([
      { line: 2, endLine: 3, kind: "training", level: "batch", framework: "other", confidence: 1, evidence: [] },
    ]);
  });

  it.each([
    "while x:  # wattline: loop\n    pass",
    "while x:  #wattline:loop\n    pass",
    "while x:  ## wattline : loop, please\n    pass",
    "# wattline: loop\nasync for x in y:\n    pass",
    "for x in [\n    1,\n    2,\n]:  # wattline: loop\n    pass",
    "for x in y:  # type: ignore  # wattline: loop\n    pass",
  ])("are read in every usual place: %s", (text) => {
    expect(loopsOf(text).loops).toHaveLength(1);
  });

  it("say what kind and level a loop has, and leave the found ones where they say nothing", () => {
    expect(told("# wattline: loop evaluation epoch\nfor x in y:\n    pass\n")).toEqual(["2 evaluation epoch other"]);
    expect(told(training.replace("    for x", "    # wattline: loop\n    for x"))).toEqual([
      "2 training epoch pytorch",
      "4 training batch pytorch",
    ]);
    expect(told("# wattline: loop\nfor e in z:\n    # wattline: loop\n    for x in y:\n        pass\n")).toEqual([
      "2 training epoch other",
      "4 training batch other",
    ]);
  });

  it("take a loop away, and that loop only", () => {
    expect(told(training.replace("for e in range(3):", "for e in range(3):  # wattline: ignore"))).toEqual([
      "3 training batch pytorch",
    ]);
  });

  it("mark a call, and take one away", () => {
    expect(told("engine.run()  # wattline: loop")).toEqual(["1 training call other"]);
    const fit = "from sklearn.svm import SVC\nmodel = SVC()\nmodel.fit(X, y)";
    expect(told(fit)).toHaveLength(1);
    expect(told(`${fit}  # wattline: ignore`)).toEqual([]);
  });

  it("count only as comments", () => {
    expect(loopsOf('x = """\n# wattline: loop\n"""\nfor a in b:\n    print("# wattline: loop")\n')).toEqual({
      loops: [],
      notes: [],
    });
  });

  it("that do nothing are noted with their line", () => {
    const notes = (text: string) => loopsOf(text).notes.map(({ line, message }) => `${line}: ${message}`);
    expect(notes("x = 1\n# wattline: loop\n\nfor x in y:\n    pass")).toEqual([
      expect.stringMatching(/^2: .*stands at no loop/),
    ]);
    expect(notes("# wattline: lop\nfor x in y:\n    pass")).toEqual([
      expect.stringMatching(/^1: "# wattline: lop" means nothing/),
    ]);
    expect(notes("# wattline: loop trainig\nfor x in y:\n    pass")).toEqual([
      expect.stringMatching(/^1: "trainig" is no kind/),
    ]);
  });
});
