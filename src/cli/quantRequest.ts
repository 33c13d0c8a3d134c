/** What `wattline quant` is asked, from its options. */
import { badArguments } from "../model/errors";
import { defaultRequest, type QuantRequest } from "../model/quantization";
import { numberOption } from "./arguments";

export const quantUsage =
  "wattline quant PATH [--device NAME] [--mode sync|async] [--batch N] [--context N] [--latency-bound]\n" +
  "                     [--language CODE] [--below-4-bit] [--header-only] [--json]\n" +
  "                     [--verify TEXT.jsonl|TEXT.txt [--python PYTHON] [--samples N]]";

export const quantOptions = {
  device: { type: "string" },
  mode: { type: "string" },
  batch: { type: "string" },
  context: { type: "string" },
  "latency-bound": { type: "boolean" },
  language: { type: "string" },
  "below-4-bit": { type: "boolean" },
  "header-only": { type: "boolean" },
  verify: { type: "string" },
  python: { type: "string" },
  samples: { type: "string" },
} as const;

interface Values {
  readonly mode?: string | undefined;
  readonly batch?: string | undefined;
  readonly context?: string | undefined;
  readonly language?: string | undefined;
  readonly "latency-bound"?: boolean | undefined;
  readonly "below-4-bit"?: boolean | undefined;
}

/** @throws WattlineError with the fault and the usage */
export function requestOf(values: Values, maxContext: number | undefined): QuantRequest {
  const mode = values.mode ?? "sync";
  if (mode !== "sync" && mode !== "async") throw badArguments(`--mode is sync or async, not "${mode}".`, quantUsage);
  const whole = (name: "batch" | "context", most: number) => {
    const value = values[name] === undefined ? undefined : numberOption(name, values[name], 1, most, quantUsage);
    if (value !== undefined && !Number.isInteger(value))
      throw badArguments(`--${name} takes a whole number, not "${values[name]}".`, quantUsage);
    return value;
  };
  const language = values.language ?? "en";
  if (!/^[A-Za-z]{2,}([-_][A-Za-z0-9]+)*$/.test(language))
    throw badArguments(`--language takes a code such as en or de, not "${language}".`, quantUsage);
  const usual = defaultRequest(mode, maxContext);
  return {
    mode,
    batch: whole("batch", 1_000_000) ?? usual.batch,
    contextTokens: whole("context", 100_000_000) ?? usual.contextTokens,
    latencyBound: values["latency-bound"] ?? false,
    language,
    belowFourBit: values["below-4-bit"] ?? false,
  };
}
