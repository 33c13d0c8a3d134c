/** The energy of notebook cells, measured from outside: the kernel is not ours to start, and no code goes into it. */
import {
  type Disposable,
  EventEmitter,
  type NotebookCell,
  NotebookCellKind,
  NotebookCellStatusBarAlignment,
  NotebookCellStatusBarItem,
  type NotebookDocumentChangeEvent,
  notebooks,
  workspace,
} from "vscode";
import { type EnergyAboveIdle, energyAboveIdle } from "../../analysis/aboveIdle";
import type { Run } from "../../model/run";
import { DisposableStore, every } from "../shared/disposableStore";
import type { Recorder } from "../shared/recorder";
import { onSetting, setting } from "../shared/settings";
import { MachineReadings } from "./readings";
import { cellSpoken, cellText, cellTooltip } from "./text";

/** Jupyter's documents, and the Interactive Window. */
const notebookTypes = ["jupyter-notebook", "interactive"];
/** Readings are written twice a second. */
const pollMs = 500;
/** Readings that a cell still needs come within this time, two seconds of quiet among them; then it stays as it is. */
const patienceMs = 60_000;
/** Readings of a quiet notebook are begun anew after this time, so that they do not grow for ever; unused ones end. */
const renewMs = 30 * 60_000;
const spansLimit = 1000;

interface Executed {
  readonly cell: NotebookCell;
  readonly fromMs: number;
  readonly toMs: number;
  found?: EnergyAboveIdle;
}

export function notebookCells({ recorder, storage }: { readonly recorder: Recorder; readonly storage: string }) {
  return new NotebookCells(recorder, storage);
}

class NotebookCells implements Disposable {
  private readonly owned = new DisposableStore();
  private readonly changed = this.owned.add(new EventEmitter<void>());
  private readonly readings: MachineReadings;
  private readonly last = new WeakMap<NotebookCell, Executed>();
  /** When a cell that runs was seen to begin, wall clock. */
  private readonly running = new Map<NotebookCell, number>();
  /** Cells that wait for readings. */
  private readonly waiting = new Set<Executed>();
  /** What ran lately, for idle: newest last. */
  private readonly spans: { readonly fromMs: number; readonly toMs: number }[] = [];
  private lastUseMs = Date.now();

  constructor(recorder: Recorder, storage: string) {
    this.readings = this.owned.add(new MachineReadings(recorder, storage));
    const provider = {
      onDidChangeCellStatusBarItems: this.changed.event,
      provideCellStatusBarItems: (cell: NotebookCell) => this.itemOf(cell),
    };
    for (const type of notebookTypes)
      this.owned.add(notebooks.registerNotebookCellStatusBarItemProvider(type, provider));
    this.owned.add(workspace.onDidChangeNotebookDocument((event) => this.documentChanged(event)));
    this.owned.add(workspace.onDidOpenNotebookDocument(() => this.use()));
    this.owned.add(workspace.onDidCloseNotebookDocument(() => this.update()));
    this.owned.add(onSetting("notebookCells", () => this.use()));
    this.owned.add(every(pollMs, () => (this.waiting.size > 0 ? this.evaluate() : undefined)));
    this.owned.add(every(60_000, () => this.renew()));
    this.update();
  }

  dispose(): void {
    this.owned.dispose();
  }

  private get wanted(): boolean {
    return (
      setting("notebookCells") &&
      workspace.notebookDocuments.some(({ notebookType }) => notebookTypes.includes(notebookType))
    );
  }

  private use(): void {
    this.lastUseMs = Date.now();
    this.update();
  }

  private update(): void {
    if (this.wanted) this.readings.start();
    else this.readings.stop();
    this.changed.fire();
  }

  private documentChanged({ notebook, cellChanges, contentChanges }: NotebookDocumentChangeEvent): void {
    for (const { removedCells } of contentChanges) for (const cell of removedCells) this.running.delete(cell);
    if (!notebookTypes.includes(notebook.notebookType)) return;
    for (const { cell, executionSummary } of cellChanges) {
      if (executionSummary === undefined) continue;
      const { timing } = executionSummary;
      if (timing !== undefined) this.ended(cell, timing.startTime, timing.endTime);
      else this.began(cell);
    }
  }

  private began(cell: NotebookCell): void {
    if (!this.running.has(cell)) this.running.set(cell, Date.now());
    this.last.delete(cell);
    this.use();
  }

  private ended(cell: NotebookCell, fromMs: number, toMs: number): void {
    this.running.delete(cell);
    const before = this.last.get(cell);
    // Other changes of the summary come with the same times.
    if (before?.fromMs === fromMs && before.toMs === toMs) return;
    if (!(toMs >= fromMs)) return;
    const executed: Executed = { cell, fromMs, toMs };
    this.last.set(cell, executed);
    this.waiting.add(executed);
    this.spans.push({ fromMs, toMs });
    if (this.spans.length > spansLimit) this.spans.shift();
    this.use();
  }

  private async evaluate(): Promise<void> {
    const run = await this.readings.read();
    let changed = false;
    for (const executed of [...this.waiting]) {
      const found = run && this.energyOf(run, executed);
      if (found !== undefined) {
        changed ||= cellText(found, found.durationS) !== cellText(executed.found, found.durationS);
        executed.found = found;
      }
      if (found?.settled || Date.now() > executed.toMs + patienceMs) this.waiting.delete(executed);
    }
    if (changed) this.changed.fire();
  }

  private energyOf(run: Run, { fromMs, toMs }: Executed): EnergyAboveIdle {
    const startMs = Date.parse(run.manifest.startedAt);
    const span = (one: { fromMs: number; toMs: number }) => ({
      fromS: (one.fromMs - startMs) / 1000,
      toS: (one.toMs - startMs) / 1000,
    });
    const unfinished = [...this.running.values()].map((since) => ({ fromMs: since, toMs: Number.POSITIVE_INFINITY }));
    return energyAboveIdle(run, span({ fromMs, toMs }), [...this.spans, ...unfinished].map(span));
  }

  private itemOf(cell: NotebookCell): NotebookCellStatusBarItem | undefined {
    const executed = this.last.get(cell);
    if (executed === undefined || cell.kind !== NotebookCellKind.Code || !setting("notebookCells")) return undefined;
    const { fromMs, toMs, found } = executed;
    const durationS = (toMs - fromMs) / 1000;
    const shared = this.spans.filter((other) => other.fromMs < toMs && other.toMs > fromMs).length > 1;
    const item = new NotebookCellStatusBarItem(cellText(found, durationS), NotebookCellStatusBarAlignment.Left);
    item.tooltip = cellTooltip(found, durationS, shared);
    item.accessibilityInformation = { label: cellSpoken(found, durationS) };
    item.command = "wattline.showMeters";
    return item;
  }

  private renew(): void {
    if (this.running.size > 0 || this.waiting.size > 0 || (this.readings.ageS ?? 0) * 1000 < renewMs) return;
    this.readings.stop();
    if (Date.now() - this.lastUseMs < renewMs) this.update();
  }
}
