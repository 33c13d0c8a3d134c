/** Every rule, in the order in which a call is shown to them: the first that recognizes it decides, so the special come first. */
import { accelerate } from "./accelerate";
import { forward } from "./forward";
import { generate } from "./generate";
import { jax } from "./jax";
import { keras } from "./keras";
import { libraries } from "./libraries";
import { lightning } from "./lightning";
import { pytorch } from "./pytorch";
import type { Rule } from "./rule";
import { sklearn } from "./sklearn";
import { steps } from "./steps";
import { tensorflow } from "./tensorflow";
import { transformersTrainer } from "./transformers";

export const rules: readonly Rule[] = [
  accelerate,
  lightning,
  transformersTrainer,
  libraries,
  generate,
  keras,
  tensorflow,
  jax,
  sklearn,
  pytorch,
  steps,
  forward,
];
