/**
 * Which format to use: rules R0 to R11, each with its trigger, its reason in words and the evidence that it quotes.
 *
 * R0 and R8 to R11 are asked first, because a format below its hardware minimum is never offered; then the first match of
 * R1 to R7 decides. R3 to R6 are for servers without a tight latency bound: with one, R7 decides.
 */
import type { RuleAnswer } from "../../../model/quantization";
import { r0, r8, r9, r10, r11 } from "./hardware";
import {
  atLeast,
  type Choice,
  type Decision,
  deviceText,
  gguf,
  int4,
  type Rule,
  type RuleInput,
  type Verdict,
} from "./rule";
import { r1, r2, r3, r4, r5, r6, r7 } from "./serving";

/** In the order in which they are asked; answers are given in the order of their numbers. */
const rules: readonly Rule[] = [r0, r10, r11, r8, r9, r1, r2, r3, r4, r5, r6, r7];

/** Asks all rules, and takes the first that may decide; memory then has the last word. */
export function decide(input: RuleInput): Decision {
  const answers: (RuleAnswer & { readonly verdict: Verdict })[] = [];
  let decided: { id: string; choice: Choice; reason: string } | undefined;
  for (const { id, decides, ask } of rules) {
    const verdict = ask(input);
    const now = decides && decided === undefined && verdict.fired && verdict.choice !== undefined;
    if (now) decided = { id, choice: verdict.choice!, reason: verdict.reason };
    const { fired, reason, effect, citation } = verdict;
    const late = decided !== undefined && !now && decides && fired;
    answers.push({
      id,
      fired: fired && !late,
      reason: late ? `Would hold, and ${decided!.id} comes before it: ${reason}` : reason,
      ...(now ? { decides: true } : {}),
      ...(effect === undefined ? {} : { effect }),
      ...(citation === undefined ? {} : { citation }),
      verdict,
    });
  }
  const sorted = answers
    .sort((a, b) => Number(a.id.slice(1)) - Number(b.id.slice(1)))
    .map(({ verdict: _, ...answer }) => answer);
  const { choice, reason, id } = decided ?? { id: "none", ...unmeasured(input) };
  return { rules: sorted, decidedBy: id, ...memoryForces(input, choice, reason) };
}

/** Where no rule has evidence: 16 bit if it fits. */
function unmeasured({ fits, device }: RuleInput): { choice: Choice; reason: string } {
  const reason = `No rule was measured on ${deviceText(device)}.`;
  if (fits("bf16") !== false)
    return { choice: { format: "bf16", recipe: "unchanged" }, reason: `${reason} 16 bit stays.` };
  const choice = gguf(fits("q8_0") !== false ? "q8_0" : "q4_k_m");
  return { choice, reason: `${reason} 16 bit does not fit; GGUF runs on most devices.` };
}

/** A format that does not fit gives way to a smaller one that does. */
function memoryForces(
  input: RuleInput,
  choice: Choice,
  reason: string,
): Pick<Decision, "format" | "recipe" | "reason"> {
  const { fits, device, fitText } = input;
  if (fits(choice.format) !== false) return { ...choice, reason };
  const isGpu = device?.kind === "gpu" && device.vendor !== "amd" && atLeast(device, 7.5);
  const smaller = isGpu ? [int4] : [gguf("q4_k_m")];
  for (const next of smaller) {
    if (next.format !== choice.format && fits(next.format) !== false) {
      return {
        ...next,
        reason: `${reason} But ${choice.format} takes ${fitText(choice.format)} and does not fit; ${next.format} does.`,
      };
    }
  }
  return {
    ...choice,
    reason: `${reason} No format of 4 bits or more fits: ${choice.format} takes ${fitText(choice.format)}.`,
  };
}
