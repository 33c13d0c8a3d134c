import type { Disposable } from "vscode";
import type { WorkspaceRuns } from "../../shared/workspaceRuns";
import { Thread } from "../shared/thread";
import type { GapAnswer } from "./answer";

/** Layer tables of a few runs are kept; a table of a large network has some megabytes. */
const kept = 8;

/** The gap reports of runs, each derived once in a thread of its own; of a run that goes on each time anew. */
export class GapReports implements Disposable {
  private readonly thread: Thread<string, GapAnswer>;
  private readonly answers = new Map<string, Promise<GapAnswer>>();

  /** @param program path of `gapReporter.js` */
  constructor(
    private readonly runs: WorkspaceRuns,
    program: string,
  ) {
    this.thread = new Thread(program);
  }

  /** @throws WattlineError when the folder is no run or cannot be read */
  of(path: string): Promise<GapAnswer> {
    const known = this.answers.get(path);
    if (known !== undefined) return known;
    const asked = this.thread.ask(path);
    this.answers.set(path, asked);
    const forget = () => this.answers.get(path) === asked && this.answers.delete(path);
    asked.then(({ view }) => view.state === "running" && forget(), forget);
    for (const oldest of [...this.answers.keys()].slice(0, -kept)) this.answers.delete(oldest);
    return asked;
  }

  /** The newest runs that are over, at most `most`. */
  ended(most: number): readonly string[] {
    return this.runs.all
      .filter(({ state, fault }) => state !== "running" && fault === undefined)
      .slice(0, most)
      .map(({ path }) => path);
  }

  dispose(): void {
    this.thread.dispose();
  }
}
