import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { leastConfidence } from "../../../src/source/loop";
import { expected, loopsOf, samples, told } from "./samples";

describe("loops of sample programs", () => {
  for (const { name, text } of samples) {
    it(`are those that ${name} says, and no others`, () => {
      expect(told(text)).toEqual(expected(text));
    });
  }

  it("are the same with other line ends, and with tabs for indentation", () => {
    for (const { text } of samples.filter(({ name }) => name !== "broken_syntax.py")) {
      expect(told(text.replaceAll("\n", "\r\n"))).toEqual(expected(text));
      expect(told(text.replaceAll("    ", "\t"))).toEqual(expected(text));
    }
  });

  it("are the same when asked again", () => {
    for (const { text } of samples) expect(loopsOf(text)).toEqual(loopsOf(text));
  });

  it("end where Python says that they end", ({ skip }) => {
    const python = [".venv/bin/python", "/usr/bin/python3"].find(existsSync);
    if (python === undefined) return skip();
    const whole = samples.filter(({ name }) => name !== "broken_syntax.py");
    const script =
      "import ast, json, sys\nprint(json.dumps([sorted([n.lineno, n.end_lineno] for n in ast.walk(ast.parse(open(p).read()))" +
      " if isinstance(n, (ast.For, ast.While, ast.AsyncFor))) for p in sys.argv[1:]]))";
    const output = execFileSync(python, ["-c", script, ...whole.map(({ path }) => path)], { encoding: "utf8" });
    const truth = JSON.parse(output) as [number, number][][];
    for (const [index, { text }] of whole.entries()) {
      const ends = new Map(truth[index]);
      const found = loopsOf(text).loops.filter(({ level, line }) => level !== "call" && ends.has(line));
      expect(found.map(({ line, endLine }) => [line, endLine])).toEqual(
        found.map(({ line }) => [line, ends.get(line)]),
      );
    }
  });
});

/** A program around a loop body, with the usual imports. */
const inLoop = (...body: string[]) =>
  ["import torch", "from torch import nn", "for x in data:", ...body.map((line) => `    ${line}`)].join("\n");

describe("what trains", () => {
  it.each<[string, string]>([
    ["a gradient and a step", inLoop("loss.backward()", "optimizer.step()")],
    ["a chain before backward", inLoop("criterion(net(x), y).mean().backward()", "opt.step()")],
    ["a scaler's step", inLoop("scaler.scale(loss).backward()", "scaler.step(opt_G)")],
    [
      "a method two calls away",
      `${inLoop("one(x)")}\ndef one(x):\n    two(x)\ndef two(x):\n    loss.backward()\n    opt.step()`,
    ],
    ["a closure that is handed over", inLoop("def again():", "    loss.backward()", "optimizer.step(again)")],
    ["a lambda that is handed over", inLoop("optimizer.step(lambda: loss.backward())")],
    [
      "a body in try, if, match and with",
      inLoop(
        "try:",
        "    if x:",
        "        with nullcontext():",
        "            match x:",
        "                case _:",
        "                    loss.backward(); optimizer.step()",
        "finally:",
        "    pass",
      ),
    ],
    [
      "an optimizer under another name",
      "import torch.optim as o\nimport torch\nstepper = o.SGD(p, 0.1)\nwhile True:\n    l.backward()\n    stepper.step()",
    ],
    [
      "an optimizer from a function",
      "import torch\ndef make():\n    return 1, torch.optim.SGD(p, 0.1)\na, thing = make()\nfor x in y:\n    cost.backward()\n    thing.step()",
    ],
    [
      "an attribute of self",
      "import torch\nclass T:\n  def __init__(self):\n    self.o = torch.optim.SGD(p)\n  def run(self):\n    for x in y:\n      loss.backward()\n      self.o.step()",
    ],
    [
      "a name that a function made global",
      "import torch\ndef make():\n    global stepper\n    stepper = torch.optim.SGD(p)\nfor x in y:\n    loss.backward()\n    stepper.step()",
    ],
    [
      "an async loop",
      "import torch\nasync def f():\n    async for x in y:\n        loss.backward()\n        optimizer.step()",
    ],
    [
      "a step in the while's condition",
      "import torch\nwhile step(x):\n    pass\ndef step(x):\n    loss.backward()\n    optimizer.step()",
    ],
  ])("%s", (_, text) => {
    const found = loopsOf(text).loops.filter(({ kind, level }) => kind === "training" && level === "batch");
    expect(found).toHaveLength(1);
    expect(found[0]!.confidence).toBeGreaterThan(0.8);
  });

  it("is surer the more it sees, and less sure without the framework's import", () => {
    const sure = (...body: string[]) => loopsOf(inLoop(...body)).loops[0]?.confidence ?? 0;
    const both = sure("loss.backward()", "optimizer.step()");
    expect(sure("loss.backward()")).toBeLessThan(both);
    expect(sure("loss.backward()", "optimizer.step()", "optimizer.zero_grad()")).toBeGreaterThan(both);
    const bare = loopsOf("for x in y:\n    loss.backward()\n    optimizer.step()").loops[0]!;
    expect(bare.confidence).toBeLessThan(both);
    expect(bare.confidence).toBeGreaterThanOrEqual(leastConfidence);
  });

  it("names the calls that tell, with their lines", () => {
    const { loops } = loopsOf(inLoop("loss.backward()", "optimizer.step()"));
    expect(loops[0]!.evidence).toEqual([
      { line: 4, text: "loss.backward()" },
      { line: 5, text: "optimizer.step()" },
    ]);
  });
});

describe("what does not train", () => {
  it.each<[string, string]>([
    ["a scheduler alone", inLoop("scheduler.step()")],
    [
      "an environment",
      "import gym, torch\nenv = gym.make('x')\nfor i in range(9):\n    env.step(env.action_space.sample())",
    ],
    [
      "an optimizer of another library",
      "from scipy import optimize\noptimizer = optimize.Thing()\nfor i in range(9):\n    optimizer.step()",
    ],
    ["an optimizer without a framework", "for i in range(9):\n    optimizer.step()"],
    [
      "a `fit` of something else",
      "from scipy import stats\nfor c in cols:\n    stats.norm.fit(c)\nimport statsmodels.api as sm\nsm.OLS(y, X).fit()",
    ],
    ["a scaler's `fit`", "from sklearn.preprocessing import StandardScaler\nscaler = StandardScaler()\nscaler.fit(X)"],
    [
      "switching a model to training",
      "from transformers import AutoModel\nmodel = AutoModel.from_pretrained('x')\nfor e in range(3):\n    model.train()",
    ],
    ["a comprehension", "import torch\n[loss.backward() for loss in losses]"],
    [
      "a function that is defined in the loop and not called",
      inLoop("def f():", "    loss.backward()", "    optimizer.step()"),
    ],
    [
      "code behind a loop, in its else",
      "import torch\nfor x in y:\n    pass\nelse:\n    loss.backward()\n    optimizer.step()",
    ],
    ["text in a string", 'import torch\nfor x in y:\n    print("loss.backward(); optimizer.step()")'],
    [
      "another class's backward",
      "import torch\nclass R:\n    def backward(self): return 1\nr = R()\nfor x in y:\n    r.backward()",
    ],
  ])("%s", (_, text) => {
    expect(told(text)).toEqual([]);
  });
});

describe("evaluation and inference", () => {
  it("are told apart by what the answers are for", () => {
    const body = (use: string) => inLoop("with torch.no_grad():", "    out = model(x)", use);
    expect(told(body("correct += (out.argmax(1) == y).sum()"))).toEqual(["3 evaluation batch pytorch"]);
    expect(told(body("save(out)"))).toEqual(["3 inference batch pytorch"]);
  });

  it("are not seen where the model may learn", () => {
    expect(told(inLoop("out = model(x)"))).toEqual([]);
    expect(told(inLoop("with torch.set_grad_enabled(True):", "    out = model(x)"))).toEqual([]);
    expect(told(`${inLoop("pass")}\nmodel.eval()\nmodel.train()\nfor x in y:\n    model(x)`)).toEqual([]);
  });

  it("lists a call once: by the loop around it, or by itself", () => {
    const head = "from transformers import pipeline\npipe = pipeline('x')\n";
    expect(told(`${head}pipe('a')`)).toEqual(["3 inference call transformers"]);
    expect(told(`${head}for t in ts:\n    pipe(t)`)).toEqual(["3 inference batch transformers"]);
    expect(told(`${head}for out in pipe(ts):\n    print(out)`)).toEqual(["3 inference batch transformers"]);
  });
});

describe("any text", () => {
  const check = (text: string) => {
    const { loops, notes } = loopsOf(text);
    const lines = text.split("\n").length;
    for (const { line, endLine, confidence } of loops) {
      expect(line).toBeGreaterThanOrEqual(1);
      expect(endLine).toBeGreaterThanOrEqual(line);
      expect(endLine).toBeLessThanOrEqual(lines);
      expect(confidence).toBeGreaterThanOrEqual(leastConfidence);
      expect(confidence).toBeLessThanOrEqual(1);
    }
    for (const { line } of notes) expect(line).toSatisfy((at: number) => at >= 1 && at <= lines);
    expect(loops.map(({ line }) => line)).toEqual(loops.map(({ line }) => line).sort((a, b) => a - b));
  };
  const sample = fc.constantFrom(...samples.map(({ text }) => text));
  const cutSample = fc
    .tuple(sample, fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }))
    .map(([text, a, b]) =>
      text.slice(Math.floor(Math.min(a, b) * text.length), Math.ceil(Math.max(a, b) * text.length)),
    );
  const word = fc.constantFrom(
    ...'for while in x : ( ) [ ] { } \n \n\t \n\t\t def class f lambda with as torch.no_grad() import torch self . .backward() optimizer.step() = \' """ # wattline: loop ignore match case async await @ , else if 0 \\ é 🔥 from *'.split(
      " ",
    ),
  );

  it("is answered, cut anywhere", () => {
    fc.assert(fc.property(cutSample, check), { numRuns: 60 });
  });

  it("is answered, made of any characters or of the words of Python", () => {
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 200 }), check), { numRuns: 150 });
    fc.assert(
      fc.property(fc.array(word, { maxLength: 80 }), (words) => check(words.join(" "))),
      { numRuns: 200 },
    );
  });

  it.each<[string, string]>([
    ["nested calls", `${"f(".repeat(3000)}${")".repeat(3000)}`],
    ["a chain of calls", `for x in y:\n    loss${".a()".repeat(3000)}.backward()`],
    ["nested loops", Array.from({ length: 90 }, (_, depth) => `${" ".repeat(depth)}for x in y:`).join("\n")],
    [
      "functions that call each other in a circle",
      "import torch\ndef a():\n    for x in y: b()\ndef b():\n    for x in y: a()\na()",
    ],
    [
      "a long chain of functions",
      Array.from({ length: 2000 }, (_, n) => `def f${n}():\n    for x in y: f${n + 1}()`).join("\n"),
    ],
    [
      "functions that all call each other",
      Array.from(
        { length: 60 },
        (_, n) => `def f${n}():\n${Array.from({ length: 60 }, (_, m) => `    f${m}()`).join("\n")}`,
      ).join("\n"),
    ],
    [
      "a function that returns what it returns",
      "def f(x):\n    a, b = f(x)\n    if a:\n        return f(b)\n    return g(a)\ndef g(x):\n    return f(x)\nc, d = f(1)\nc.step()",
    ],
    ["names assigned in a circle", "a = b\nb = a\nclass C(C): pass\nx = x.x\nfor i in a: a.step()\nC().f()"],
    ["a long name", `for x in y:\n    ${"_l".repeat(100_000)}.backward()`],
    ["many loops", "for x in y:\n    loss.backward()\n".repeat(5000)],
    ["many comments", "# wattline: loop\nfor x in y: pass\n".repeat(3000)],
    ["spaces and brackets", ` (\n${" (".repeat(500)}\n`.repeat(50) + " ".repeat(100_000)],
  ])("is answered in time: %s", (_, text) => {
    const start = performance.now();
    check(text);
    expect(performance.now() - start).toBeLessThan(10_000);
  });
});
