/** Rules that are asked first: does it fit, what the device has, long prompts and other languages, below 4 bits. */
import { formatCount } from "../../../model/format";
import { llamaCppTokensPerS } from "../evidence";
import {
  atLeast,
  deviceText,
  eightBit,
  fp8,
  gguf,
  isEnglish,
  isSmall,
  longContextTokens,
  not,
  nvfp4,
  type Rule,
} from "./rule";

export const r0: Rule = {
  id: "R0",
  decides: false,
  ask({ device, fits, fitText }) {
    if (device?.memoryBytes === undefined) return not("The device's memory is not known.");
    const fit = fits("bf16");
    return {
      fired: true,
      reason: `16 bit takes ${fitText("bf16")}: it ${fit ? "fits" : "does not fit"}.`,
      citation: "size formula, about 10 % slack",
    };
  },
};

export const r8: Rule = {
  id: "R8",
  decides: true,
  ask({ device, facts }) {
    if (device === undefined) return not("No device is named.");
    if (device.vendor === "amd")
      return not("For NVIDIA below 7.5, CPUs and Apple; of this AMD GPU nothing was measured.");
    if (device.kind === "gpu" && atLeast(device, 7.5)) return not(`${deviceText(device)} is 7.5 or above.`);
    if (device.kind === "gpu" && device.computeCapability === undefined)
      return not("The compute capability is not known.");
    const { f16, q8_0, q4_k_m } = llamaCppTokensPerS;
    const small = isSmall(facts);
    return {
      fired: true,
      reason: `${deviceText(device)}: GGUF runs here${device.kind === "gpu" && (device.computeCapability ?? 0) >= 6 ? ", and so does bitsandbytes (from 6.0)" : ""}.${small ? " Small models lose most at 4 bits (R1), so Q8_0." : ""}`,
      choice: gguf(small ? "q8_0" : "q4_k_m"),
      effect: `8B decodes × ${(q4_k_m / f16).toFixed(2)} with Q4_K_M, × ${(q8_0 / f16).toFixed(2)} with Q8_0, of F16`,
      citation: "llama.cpp, quantize README, Llama-3.1-8B",
    };
  },
};

export const r9: Rule = {
  id: "R9",
  decides: true,
  ask({ device, fits, fitText }) {
    if (device === undefined || !atLeast(device, 10)) return not(`${deviceText(device)} is below 10.0.`);
    const tight = fits("fp8-e4m3") === false && fits("nvfp4") !== false;
    return {
      fired: true,
      reason: tight
        ? `${deviceText(device)}: FP8 takes ${fitText("fp8-e4m3")} and does not fit, NVFP4 does.`
        : `${deviceText(device)}: FP8 first; NVFP4 where memory or prefill is the limit, and then the feed-forward layers alone.`,
      choice: tight ? nvfp4 : fp8,
      effect:
        "B200 prefill and decode × 1.17 and × 1.11 with FP8, × 1.74 and × 1.06 with NVFP4; perplexity of 8B +1.2 % with FP8, +15 % with NVFP4 (W4A4)",
      citation: "torchao documentation, vLLM 0.13",
    };
  },
};

export const r10: Rule = {
  id: "R10",
  decides: false,
  ask({ request }) {
    if (!request.belowFourBit) return not("Nobody asked for less than 4 bits.");
    return {
      fired: true,
      reason:
        "Below 4 bits only with a budget for quantization-aware training (ParetoQ), never by rounding: rounding to three levels collapses (perplexity 1e5).",
      effect: "MobileLLM-1B, mean of 8 tasks: 62.1 BF16, 61.0 at 2 bits, 58.5 ternary, after training",
      citation: "ParetoQ, arXiv 2502.02631 (abstract and README)",
    };
  },
};

export const r11: Rule = {
  id: "R11",
  decides: true,
  ask(input) {
    const { request, device } = input;
    const long = request.contextTokens >= longContextTokens;
    const foreign = !isEnglish(request.language);
    if (!long && !foreign)
      return not(
        `The context of ${formatCount(request.contextTokens)} tokens is below 65,536 and the language is English.`,
      );
    const why = [
      long ? `prompts of ${formatCount(request.contextTokens)} tokens` : "",
      foreign ? `language ${request.language}` : "",
    ]
      .filter(Boolean)
      .join(" and ");
    return {
      fired: true,
      reason: `With ${why}, 8 bit loses about 0.8 % and 4-bit methods up to 59 %, depending on the model.`,
      ...(eightBit(input)
        ? { choice: eightBit(input)! }
        : device && device.vendor !== "amd"
          ? { choice: gguf("q8_0") }
          : {}),
      ...(atLeast(device, 8.9) ? { effect: "An FP8 KV cache halves the cache where it is large" } : {}),
      citation: "arXiv 2505.20276 (abstract)",
    };
  },
};
