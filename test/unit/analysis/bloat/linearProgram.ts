/** The same question put to a general solver, HiGHS: what one would write otherwise, and what ours must agree with. */
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Highs } from "highs";
import type { BloatProfile } from "../../../../src/model/bloat";
import { blockingPowerOf, tasksOf, waitingPowerOf } from "./independent";

// Not bundled: it finds its own WebAssembly beside it.
const load = createRequire(join(process.cwd(), "package.json"))("highs") as () => Promise<Highs>;

export function loadHighs(): Promise<Highs> {
  return load();
}

/**
 * Least effective energy (J) with a mixture of options for each operation, in CPLEX's text format.
 */
export function programOf(profile: BloatProfile, deadlineS: number): string {
  const tasks = tasksOf(profile);
  const number = new Map(tasks.map(({ id }, i) => [id, i]));
  const cost: string[] = [];
  const rows: string[] = [];
  // HiGHS keeps rows within 1e-6 whatever their size: in thousandths of the deadline that is a billionth of it.
  const scaled = (timeS: number) => (1000 * timeS) / deadlineS;
  const signed = (value: number) => `${value < 0 ? "-" : "+"} ${Math.abs(value)}`;
  for (const [i, { options, after }] of tasks.entries()) {
    const power = blockingPowerOf(profile);
    cost.push(...options.map(({ timeS, energyJ }, k) => `${signed(energyJ - power * timeS)} x${i}_${k}`));
    rows.push(`${options.map((_, k) => `+ x${i}_${k}`).join("\n ")} = 1`);
    rows.push(`s${i} ${options.map(({ timeS }, k) => `+ ${scaled(timeS)} x${i}_${k}`).join("\n ")} <= 1000`);
    for (const id of after) {
      const j = number.get(id)!;
      rows.push(
        `s${i} - s${j} ${tasks[j]!.options.map(({ timeS }, k) => `- ${scaled(timeS)} x${j}_${k}`).join("\n ")} >= 0`,
      );
    }
  }
  const lines = ["Minimize", ` obj: ${cost.join("\n ")}`, "Subject To", ...rows.map((row, k) => ` c${k}: ${row}`)];
  return [...lines, "End", ""].join("\n");
}

/** @returns J with waiting until the deadline; undefined where there is no plan */
export function leastEnergyJ(highs: Highs, profile: BloatProfile, deadlineS: number): number | undefined {
  const solution = highs.solve(programOf(profile, deadlineS), { output_flag: false });
  if (solution.Status !== "Optimal") return undefined;
  return solution.ObjectiveValue + waitingPowerOf(profile) * deadlineS;
}
