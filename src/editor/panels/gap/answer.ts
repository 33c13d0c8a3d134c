/** What the thread answers about a run's layers. No VS Code here: src/gapReporter.ts makes it. */
import type { GapView } from "../../../messages/gap";
import type { GapReport } from "../../../model/gap";
import type { Manifest } from "../../../model/manifest";
import type { Run } from "../../../model/run";
import { scriptName } from "../../../store/runFolder";

export interface GapAnswer {
  readonly view: GapView;
  /** Tells whether a file was changed since. */
  readonly manifest: Pick<Manifest, "script" | "startedAt">;
}

export function gapAnswer(run: Run, report: GapReport): GapAnswer {
  const { manifest, path, state } = run;
  const { startedAt, script } = manifest;
  return {
    view: { path, title: scriptName(manifest.argv), startedAt, state, report },
    manifest: { startedAt, ...(script && { script }) },
  };
}
