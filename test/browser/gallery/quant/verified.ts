import type { QuantView, ToQuantPanel } from "../../../../src/messages/quant";
import type { VerifyAnswer } from "../../../../src/model/verify";
import { makeQuant } from "../../makeQuant";
import type { GalleryCase } from "../case";

const verify: VerifyAnswer = {
  metric: "perplexity",
  unit: "token",
  baseline: 6.243,
  baselineInterval: [6.02, 6.48],
  samples: 64,
  tokens: 32_640,
  device: "NVIDIA GeForce RTX 4090",
  computedIn: "float32",
  versions: { torch: "2.13.0", transformers: "5.18.0" },
  timePerTokenS: 0.0193,
  energyPerTokenJ: 6.1,
  energyIntervalJ: [5.9, 6.3],
  energySource: "measured",
  formats: [
    {
      format: "fp8-e4m3",
      value: 6.262,
      change: 0.019,
      interval: [0.009, 0.03],
      agreement: 0.972,
      timePerTokenS: 0.0121,
      timeRatio: 0.63,
      timeRatioInterval: [0.61, 0.65],
      energyPerTokenJ: 3.9,
      energyIntervalJ: [3.7, 4.1],
    },
    {
      format: "int4-g128-mse",
      value: 6.487,
      change: 0.244,
      interval: [0.201, 0.29],
      agreement: 0.904,
      notMeasured: "torchao, which has a kernel for it, is not in this Python.",
    },
    { format: "int4-g128-mse", mixed: true, value: 6.41, change: 0.167, interval: [0.131, 0.204], agreement: 0.921 },
    {
      format: "int4-g32",
      value: 6.431,
      change: 0.188,
      interval: [0.15, 0.23],
      agreement: 0.913,
      notMeasured: "torchao, which has a kernel for it, is not in this Python.",
    },
    {
      format: "nf4",
      value: 6.402,
      change: 0.159,
      interval: [0.12, 0.2],
      agreement: 0.919,
      timePerTokenS: 0.0171,
      timeRatio: 0.89,
      timeRatioInterval: [0.87, 0.91],
      energyPerTokenJ: 5.6,
      energyIntervalJ: [5.4, 5.8],
    },
  ],
  calibration: {
    format: "int4-g128-mse",
    natsPerError: 3.1,
    standardError: 0.4,
    decided: true,
    eightBitDb: 3,
    predictedNats: 0.0098,
    message:
      "On these texts int4-g128-mse needs 8 bits above 3 dB: a predicted loss of 0.98 % ± 0.25 % of perplexity with 5.9 GB of weights.",
  },
  notes: ["Rounding is simulated to nearest; GPTQ and calibration on real text usually lose less."],
};

export function verifiedView(): QuantView {
  const view = makeQuant();
  return { ...view, report: { ...view.report, verify }, verify: { state: "done" } };
}

/** After "Verify on My Data". */
const case_: GalleryCase<ToQuantPanel> = {
  messages: () => [{ type: "show", view: verifiedView() }],
  widths: [1280, 360],
};

export { case_ as case };
