/** What a run panel shows that takes more than reading: derived in a thread of its own, see src/reporter.ts. */
import { type Headline, headline } from "../../../analysis/headline";
import { report } from "../../../analysis/report";
import type { ToRunPanel } from "../../../messages/run";
import type { RunState } from "../../../model/manifest";
import type { Report } from "../../../model/report";
import type { Run } from "../../../model/run";
import { iterationMessage } from "./chunks";

export interface Derived {
  readonly report: Report;
  readonly headline?: Headline;
  readonly iterations?: ToRunPanel;
  /** Of the run when it was read for this. */
  readonly state: RunState;
}

export function derive(run: Run): Derived {
  const derived = report(run);
  const sentence = headline(derived, run);
  const iterations = iterationMessage(run);
  return {
    report: derived,
    ...(sentence && { headline: sentence }),
    ...(iterations && { iterations }),
    state: run.state,
  };
}
