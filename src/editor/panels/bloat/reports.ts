import type { Disposable } from "vscode";
import { Solver } from "./solver";
import type { Waste } from "./wasteOf";

/** A report of some kilobytes each. */
const kept = 32;

/** Where the energy of runs went: each run derived once, in a thread of its own; one that goes on, each time anew. */
export class WasteReports implements Disposable {
  private readonly solver: Solver;
  private readonly asked = new Map<string, Promise<Waste>>();

  /** @param program bloatSolver.js */
  constructor(program: string) {
    this.solver = new Solver(program);
  }

  /** @throws WattlineError when the folder is no run, or does not say where its energy went */
  of(path: string): Promise<Waste> {
    const before = this.asked.get(path);
    if (before !== undefined) return before;
    const asking = this.solver.ask("waste", { path });
    this.asked.set(path, asking);
    const forget = () => {
      if (this.asked.get(path) === asking) this.asked.delete(path);
    };
    asking.then(({ report }) => report.run.state === "running" && forget(), forget);
    for (const oldest of [...this.asked.keys()].slice(0, -kept)) this.asked.delete(oldest);
    return asking;
  }

  dispose(): void {
    this.solver.dispose();
  }
}
