/**
 * The code that makes the proposed format, with the toolkits that are alive: llm-compressor 0.13, GPTQModel 7.3, torchao
 * 0.18, bitsandbytes 0.50, NVIDIA Model Optimizer 0.46, llama.cpp. Calls as their documentation has them (late 2026).
 */

import type { Format, Override, QuantReport } from "../../model/quantization";
import type { Snippet } from "../../model/quantPanel";

interface Context {
  /** Path or hub name of the model, as a Python text. */
  readonly model: string;
  readonly output: string;
  readonly overrides: readonly Override[];
  readonly smooth: boolean;
}

type Maker = Pick<Snippet, "id" | "toolkit" | "language" | "install" | "note"> & {
  readonly format: Format;
  code(context: Context): string;
};

/** @param model what the user's code calls it: a path or a name on the hub */
export function snippetsFor(report: QuantReport, model: string): Snippet[] {
  const { proposal, formats } = report;
  const wanted = family(proposal.format);
  const usable = makers.filter(({ format }) => {
    if (family(format) === wanted) return true;
    const row = formats.find((each) => each.format === format);
    return row?.runs !== false && row?.fits !== false;
  });
  const context: Context = {
    model: pythonText(model),
    output: pythonText(
      `${
        model
          .replace(/[\\/]+$/, "")
          .split(/[\\/]/)
          .at(-1) || "model"
      }-${suffix(proposal.format)}`,
    ),
    overrides: proposal.overrides,
    smooth: proposal.recipe.includes("SmoothQuant"),
  };
  const made = usable.map(({ code, ...rest }): Snippet => {
    const proposed = family(rest.format) === wanted;
    const own = {
      ...context,
      overrides: proposed ? context.overrides : [],
      output: context.output.replace(suffix(proposal.format), suffix(rest.format)),
    };
    return { ...rest, code: code(own), proposed };
  });
  return made.sort((a, b) => Number(b.proposed) - Number(a.proposed));
}

/** The call that takes the place of a toolkit's that is no longer maintained: 4 bits for weights. */
export function replacementFor(toolkit: "llm-compressor" | "GPTQModel", model: string): { readonly code: string } {
  const { code } = makers.find((maker) => maker.toolkit === toolkit && maker.format === "int4-g128")!;
  const output = `${model.split(/[\\/]/).at(-1)}-W4A16`;
  return { code: code({ model: pythonText(model), output: pythonText(output), overrides: [], smooth: false }) };
}

/** Formats that one call makes. */
function family(format: Format): string {
  return format.startsWith("int4-g128") ? "int4-g128" : format;
}

const suffix = (format: Format) =>
  (
    ({
      "int8-channel": "W8A8-INT8",
      "fp8-e4m3": "FP8",
      "int4-g32": "INT4",
      nf4: "NF4",
      nvfp4: "NVFP4",
      q4_k_m: "Q4_K_M",
      q8_0: "Q8_0",
    }) as Partial<Record<Format, string>>
  )[format] ?? "W4A16";

/** A Python literal; JSON's escapes are Python's too. */
export const pythonText = (text: string) => JSON.stringify(text);

const shellText = (text: string) => `'${text.replace(/'/g, "'\\''")}'`;
const unquoted = (literal: string) => JSON.parse(literal) as string;

/** Presets of llm-compressor for layers that get another format than the rest. */
const schemes: Readonly<Partial<Record<Format, string>>> = { "fp8-e4m3": "FP8_DYNAMIC", "int8-channel": "W8A8" };

/** On one line where it fits. */
function list(texts: readonly string[]): string {
  const short = `[${texts.join(", ")}]`;
  return short.length <= 60 ? short : `[\n${texts.map((text) => `            ${text},\n`).join("")}        ]`;
}

/** Modifiers for the layers that keep 8 bits, and what the main one leaves out. */
function exceptions(overrides: readonly Override[]): { ignore: string; more: string; imports: string[] } {
  const patterns = overrides.map(({ pattern }) => pythonText(pattern));
  const eight = overrides.filter(({ format }) => schemes[format] !== undefined);
  const more = eight
    .map(
      ({ pattern, format }) =>
        `    QuantizationModifier(targets=[${pythonText(pattern)}], scheme="${schemes[format]}"),\n`,
    )
    .join("");
  const kept = overrides.filter(({ format }) => schemes[format] === undefined && format !== "bf16");
  const remark =
    kept.length === 0
      ? ""
      : `    # ${[...new Set(kept.map(({ format }) => format))].join(" and ")} has no preset: those layers keep 16 bits here, ${kept.length} ${kept.length === 1 ? "pattern" : "patterns"} of \`ignore\`.\n`;
  return {
    ignore: list(['"lm_head"', ...patterns]),
    more: more + remark,
    imports: eight.length > 0 ? ["from llmcompressor.modifiers.quantization import QuantizationModifier"] : [],
  };
}

const loadModel = ({ model }: Context) =>
  `from transformers import AutoModelForCausalLM, AutoTokenizer

model = AutoModelForCausalLM.from_pretrained(${model}, dtype="auto")
tokenizer = AutoTokenizer.from_pretrained(${model})
`;
const saveModel = ({ output }: Context) =>
  `model.save_pretrained(${output}, save_compressed=True)\ntokenizer.save_pretrained(${output})\n`;

const calibrationNote =
  "Calibrates on 512 texts: put your own in the place of the data set (random tokens hurt at 4 bits). About half an hour for 8B on an A100; the model lies in CPU memory, a layer at a time on the GPU.";

const makers: readonly Maker[] = [
  {
    id: "llm-compressor-w4a16",
    toolkit: "llm-compressor",
    format: "int4-g128",
    language: "python",
    install: "pip install llmcompressor",
    note: calibrationNote,
    code(context) {
      const { ignore, more, imports } = exceptions(context.overrides);
      return `from llmcompressor import oneshot
from llmcompressor.modifiers.gptq import GPTQModifier
${imports.map((line) => `${line}\n`).join("")}${loadModel(context)}
recipe = [
${more}    GPTQModifier(targets="Linear", scheme="W4A16", ignore=${ignore}),
]
oneshot(
    model=model,
    dataset="open_platypus",
    recipe=recipe,
    max_seq_length=2048,
    num_calibration_samples=512,
)
${saveModel(context)}`;
    },
  },
  {
    id: "llm-compressor-w8a8",
    toolkit: "llm-compressor",
    format: "int8-channel",
    language: "python",
    install: "pip install llmcompressor",
    note: calibrationNote,
    code(context) {
      const { ignore } = exceptions(context.overrides);
      const smooth = context.smooth
        ? [
            "from llmcompressor.modifiers.transform.smoothquant import SmoothQuantModifier\n",
            "    SmoothQuantModifier(smoothing_strength=0.8),\n",
          ]
        : ["", ""];
      return `from llmcompressor import oneshot
from llmcompressor.modifiers.gptq import GPTQModifier
${smooth[0]}${loadModel(context)}
recipe = [
${smooth[1]}    GPTQModifier(targets="Linear", scheme="W8A8", ignore=${ignore}),
]
oneshot(
    model=model,
    dataset="open_platypus",
    recipe=recipe,
    max_seq_length=2048,
    num_calibration_samples=512,
)
${saveModel(context)}`;
    },
  },
  {
    id: "llm-compressor-fp8",
    toolkit: "llm-compressor",
    format: "fp8-e4m3",
    language: "python",
    install: "pip install llmcompressor",
    note: "Needs no calibration data and about a minute for 8B.",
    code(context) {
      const { ignore } = exceptions(context.overrides);
      return `from llmcompressor import oneshot
from llmcompressor.modifiers.quantization import QuantizationModifier
${loadModel(context)}
recipe = QuantizationModifier(targets="Linear", scheme="FP8_DYNAMIC", ignore=${ignore})
oneshot(model=model, recipe=recipe)
${saveModel(context)}`;
    },
  },
  {
    id: "gptqmodel-w4a16",
    toolkit: "GPTQModel",
    format: "int4-g128",
    language: "python",
    install: "pip install gptqmodel",
    note: "Put some hundred of your own texts into `calibration`.",
    code: ({ model, output }) => `from gptqmodel import GPTQConfig, GPTQModel

calibration = [line.strip() for line in open("calibration.txt", encoding="utf-8") if line.strip()][:512]
model = GPTQModel.load(${model}, GPTQConfig(bits=4, group_size=128))
model.quantize(calibration, batch_size=1)
model.save(${output})
`,
  },
  {
    id: "torchao-int4",
    toolkit: "torchao",
    format: "int4-g32",
    language: "python",
    install: "pip install torchao",
    note: "Rounds to nearest while the model is loaded; for one stream on an NVIDIA GPU.",
    code: ({ model }) => `from torchao.quantization import Int4WeightOnlyConfig, quantize_
from transformers import AutoModelForCausalLM

model = AutoModelForCausalLM.from_pretrained(${model}, dtype="bfloat16", device_map="cuda")
quantize_(model, Int4WeightOnlyConfig(group_size=32))
`,
  },
  {
    id: "torchao-fp8",
    toolkit: "torchao",
    format: "fp8-e4m3",
    language: "python",
    install: "pip install torchao",
    note: "Rounds while the model is loaded; compute capability 8.9 or above.",
    code: ({ model }) => `from torchao.quantization import Float8DynamicActivationFloat8WeightConfig, PerRow
from transformers import AutoModelForCausalLM, TorchAoConfig

config = TorchAoConfig(quant_type=Float8DynamicActivationFloat8WeightConfig(granularity=PerRow()))
model = AutoModelForCausalLM.from_pretrained(${model}, dtype="auto", device_map="cuda", quantization_config=config)
`,
  },
  {
    id: "bitsandbytes-nf4",
    toolkit: "bitsandbytes",
    format: "nf4",
    language: "python",
    install: "pip install bitsandbytes",
    note: "Saves memory while the model is loaded. It was measured to cost 25 to 56 % more energy below 3B parameters.",
    code: ({ model }) => `import torch
from transformers import AutoModelForCausalLM, BitsAndBytesConfig

config = BitsAndBytesConfig(
    load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.bfloat16
)
model = AutoModelForCausalLM.from_pretrained(${model}, quantization_config=config)
`,
  },
  {
    id: "modelopt-nvfp4",
    toolkit: "NVIDIA Model Optimizer",
    format: "nvfp4",
    language: "python",
    install: 'pip install "nvidia-modelopt[hf]"',
    note: "Put some hundred of your own texts into `texts`; quantizing the feed-forward layers alone keeps more accuracy.",
    code: ({ model, output }) => `import modelopt.torch.quantization as mtq
from modelopt.torch.export import export_hf_checkpoint
from transformers import AutoModelForCausalLM, AutoTokenizer

model = AutoModelForCausalLM.from_pretrained(${model}, dtype="auto", device_map="cuda")
tokenizer = AutoTokenizer.from_pretrained(${model})
texts = [line.strip() for line in open("calibration.txt", encoding="utf-8") if line.strip()][:256]


def forward_loop(model):
    for text in texts:
        model(**tokenizer(text, return_tensors="pt", truncation=True, max_length=2048).to(model.device))


mtq.quantize(model, mtq.NVFP4_DEFAULT_CFG, forward_loop)
export_hf_checkpoint(model, ${output})
`,
  },
  ...(["q4_k_m", "q8_0"] as const).map(
    (format): Maker => ({
      id: `llama-cpp-${format}`,
      toolkit: "llama.cpp",
      format,
      language: "shell",
      install: "https://github.com/ggml-org/llama.cpp",
      note: "In a checkout of llama.cpp that is built; the 16-bit file between can be deleted afterwards.",
      code({ model, output }) {
        const [path, name] = [unquoted(model), unquoted(output)];
        return `python convert_hf_to_gguf.py ${shellText(path)} --outtype f16 --outfile ${shellText(`${name}-F16.gguf`)}
llama-quantize ${shellText(`${name}-F16.gguf`)} ${shellText(`${name}.gguf`)} ${suffix(format)}
`;
      },
    }),
  ),
];
