import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { type FoundModels, findModels } from "../../../src/source/modelLoads";
import { openPythonParser, type PythonParser } from "../../../src/source/parse";

let parser: PythonParser;
beforeAll(async () => {
  const folders = ["node_modules/@vscode/tree-sitter-wasm/wasm", "node_modules/web-tree-sitter"];
  parser = await openPythonParser((file) =>
    readFile(join(folders[0]!, file)).catch(() => readFile(join(folders[1]!, file))),
  );
});

function found(text: string): FoundModels {
  const tree = parser.parse(text);
  if (!tree.known) throw new Error(tree.reason);
  return findModels(tree.value);
}
const only = (text: string) => {
  const { loads } = found(text);
  expect(loads).toHaveLength(1);
  return loads[0]!;
};

describe("a line that loads a model", () => {
  it.each([
    ['from transformers import AutoModelForCausalLM\nm = AutoModelForCausalLM.from_pretrained("org/m")', "org/m"],
    ['import transformers as t\nm = t.AutoModel.from_pretrained(pretrained_model_name_or_path="./m")', "./m"],
    ['from transformers import pipeline\np = pipeline("text-generation", model="org/m")', "org/m"],
    ['from transformers import pipeline\np = pipeline("text-generation", "org/m")', "org/m"],
    ['import torch\nw = torch.load("weights.pt")', "weights.pt"],
    ['from safetensors.torch import load_file\nw = load_file("a/model.safetensors")', "a/model.safetensors"],
    [
      'from safetensors import safe_open\nwith safe_open("m.safetensors", framework="pt") as f:\n    pass',
      "m.safetensors",
    ],
    ['from vllm import LLM\nllm = LLM(model="org/m")', "org/m"],
    ['from vllm import LLM\nllm = LLM("org/m", dtype="bfloat16")', "org/m"],
    ['from llama_cpp import Llama\nl = Llama(model_path="m.Q4_K_M.gguf")', "m.Q4_K_M.gguf"],
    ['import other\nother.open_model("m.gguf")', "m.gguf"],
    ['from peft import AutoPeftModelForCausalLM as A\nA.from_pretrained("adapter")', "adapter"],
    ['from sentence_transformers import SentenceTransformer\ns = SentenceTransformer("org/e")', "org/e"],
    [
      'from transformers import AutoModel\nNAME = "org/m"\ndef load():\n    return AutoModel.from_pretrained(NAME)',
      "org/m",
    ],
    [
      'import os\nfrom transformers import AutoModel\nm = AutoModel.from_pretrained(os.path.join("models", "m"))',
      "models/m",
    ],
    [
      'from pathlib import Path\nfrom transformers import AutoModel\nD = Path("models") / "m"\nm = AutoModel.from_pretrained(D)',
      "models/m",
    ],
    ['from transformers import AutoModel\nm = AutoModel.from_pretrained("org/" + "m")', "org/m"],
    ['from transformers import AutoModel\nm = AutoModel.from_pretrained(r"C:\\models\\m")', "C:\\models\\m"],
  ])("is found with what it loads: %s", (text, model) => {
    expect(only(text).model).toBe(model);
  });

  it.each([
    'from transformers import AutoTokenizer\nt = AutoTokenizer.from_pretrained("org/m")',
    'from transformers import AutoConfig\nt = AutoConfig.from_pretrained("org/m")',
    'from transformers import AutoProcessor, GenerationConfig\nAutoProcessor.from_pretrained("a")\nGenerationConfig.from_pretrained("a")',
    'print("m.gguf")\nopen("m.gguf")\nimport os\nos.remove("m.gguf")',
    'parser.add_argument("--model", default="m.gguf")',
    'import json\nd = json.load("x")',
    "def from_pretrained(x):\n    return x\n",
  ])("is not one that loads something else: %s", (text) => {
    expect(found(text).loads).toEqual([]);
  });

  it("has no name where the name is made at run time", () => {
    for (const name of ["args.model", "sys.argv[1]", 'f"org/{size}"', "name()", '"a" if big else "b"'])
      expect(
        only(`import sys\nfrom transformers import AutoModel\nm = AutoModel.from_pretrained(${name})`).model,
      ).toBeUndefined();
    expect(
      only('from transformers import AutoModel\nN = "a"\nN = "b"\nm = AutoModel.from_pretrained(N)').model,
    ).toBeUndefined();
  });

  it.each([
    ["torch_dtype=torch.bfloat16", "bfloat16"],
    ["dtype=torch.float16", "float16"],
    ["torch_dtype=torch.half", "float16"],
    ['dtype="float32"', "float32"],
    ['torch_dtype="auto"', "auto"],
    ["torch_dtype=chosen()", undefined],
  ])("knows the type that %s asks for", (keyword, dtype) => {
    const load = only(
      `import torch\nfrom transformers import AutoModel\nm = AutoModel.from_pretrained("m", ${keyword})`,
    );
    expect(load.dtype).toBe(dtype);
  });

  it("says by what it is quantized while it is loaded", () => {
    const of = (rest: string) =>
      only(`from transformers import AutoModel, BitsAndBytesConfig\nfrom vllm import LLM\n${rest}`).quantized;
    expect(of('AutoModel.from_pretrained("m", load_in_4bit=True)')).toBe("bitsandbytes, 4 bit");
    expect(of('AutoModel.from_pretrained("m", load_in_4bit=False)')).toBeUndefined();
    expect(of('c = BitsAndBytesConfig(load_in_4bit=True)\nAutoModel.from_pretrained("m", quantization_config=c)')).toBe(
      "BitsAndBytesConfig",
    );
    expect(of('LLM("m", quantization="fp8")')).toBe("fp8");
  });

  it("spans the whole call, and is told once a line", () => {
    expect(
      only(
        'from transformers import AutoModel\nm = wrap(AutoModel.from_pretrained(\n    "m",\n    revision="main",\n))',
      ),
    ).toMatchObject({ line: 2, endLine: 5 });
  });
});

describe("what else a file does", () => {
  it("trains, or does not, with adapters or without", () => {
    expect(found("loss.backward()").use).toEqual({ trains: true, usesPeft: false });
    expect(found("from transformers import Trainer\nt = Trainer(m)\nt.train()").use.trains).toBe(true);
    expect(found("import peft\nm.eval()").use).toEqual({ trains: false, usesPeft: true });
  });
});

describe("toolkits that should not be used any more", () => {
  it("are found where they are imported, at the word itself", () => {
    const text =
      "import os\nfrom awq import AutoAWQForCausalLM\nimport auto_gptq.utils\n# import awq\nx = 'from awq import y'\n";
    const { toolkits } = found(text);
    expect(toolkits.map(({ id, line, instead, start, end }) => [id, line, instead, text.slice(start, end)])).toEqual([
      ["autoawq", 2, "llm-compressor", "awq"],
      ["autogptq", 3, "GPTQModel", "auto_gptq"],
    ]);
  });

  it("are not taken for others of a similar name", () => {
    expect(found("import awquard\nfrom my.awq import x\nimport auto_gptq2").toolkits).toEqual([]);
  });

  it("include 8 bits by bitsandbytes, which save no energy", () => {
    const text = "from transformers import BitsAndBytesConfig\nc = BitsAndBytesConfig(load_in_8bit=True)";
    const [one] = found(text).toolkits;
    expect(one).toMatchObject({ id: "bitsandbytes-int8", line: 2, deprecated: false });
    expect(text.slice(one!.start, one!.end)).toBe("load_in_8bit=True");
    expect(found("BitsAndBytesConfig(load_in_8bit=False, load_in_4bit=True)").toolkits).toEqual([]);
  });
});

it("answers for any text", () => {
  const piece = fc.constantFrom(
    "from_pretrained",
    "(",
    ")",
    '"m.gguf"',
    "torch.load",
    "=",
    "\n",
    "import awq",
    " ",
    "x",
    "{",
    "f'",
    "'",
    ".",
    "load_in_8bit=True",
    ",",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (parts) => {
      const { loads, toolkits } = found(parts.join(""));
      for (const { line, endLine } of loads) expect(endLine).toBeGreaterThanOrEqual(line);
      for (const { start, end } of toolkits) expect(end).toBeGreaterThan(start);
    }),
    { numRuns: 200 },
  );
});
