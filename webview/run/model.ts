import type { ToAnyPanel } from "../../src/messages/panel";
import type { RunView, ToRunPanel } from "../../src/messages/run";
import { IterationStore } from "../shared/chart/iterationStore";
import { PowerStore } from "../shared/chart/powerStore";
import { SpanStore } from "../shared/chart/spanStore";
import type { Selection } from "../shared/chart/timeline";
import type { TimelineDevice } from "../shared/chart/timelineText";

/** What the panel has been told so far. */
export class RunModel {
  view: RunView | undefined;
  readonly power = new Map<string, PowerStore>();
  spans = new SpanStore();
  iterations = new IterationStore();
  selection: Selection | undefined;
  /** Counts up with every message, so that charts know that their stores have grown. */
  version = 0;
  /** What screen readers say once, when a run ends while they look. */
  announcement = "";
  private lines: { version: number; byPhase: Map<string, { path: string; line: number }> } | undefined;

  /** Takes a message. Unknown ones (of a newer extension) are left alone. */
  take(message: Exclude<ToRunPanel, ToAnyPanel>): void {
    this.version++;
    switch (message.type) {
      case "show":
        this.show(message.view);
        break;
      case "power":
        if (message.reset) this.power.clear();
        for (const { device, timeS, powerW } of message.series) this.storeOf(device).append(timeS, powerW);
        break;
      case "spans":
        if (message.reset) this.spans = new SpanStore();
        this.spans.append(message.chunk);
        break;
      case "iterations":
        if (message.reset) this.iterations = new IterationStore();
        this.iterations.append(message.chunk);
        break;
      case "select":
        this.selection =
          message.line > 0
            ? { line: message.line, ...(message.path === undefined ? {} : { path: message.path }) }
            : undefined;
        break;
    }
  }

  /** Devices with a curve; where the view does not know one that has sent power, it comes last under its id. */
  get devices(): readonly TimelineDevice[] {
    const named = this.view?.devices ?? [];
    const ids = [...new Set([...named.map((device) => device.id), ...this.power.keys()])];
    return ids.map((id) => {
      const device = named.find((other) => other.id === id);
      const reported = this.view?.report?.devices.find((other) => other.id === id);
      return {
        id,
        name: device?.name ?? id,
        counted: device?.counted ?? reported?.counted ?? true,
        power: this.storeOf(id),
      };
    });
  }

  /** The line on which each phase spent most time. */
  get linesByPhase(): Map<string, { path: string; line: number }> {
    if (this.lines?.version !== this.version)
      this.lines = { version: this.version, byPhase: this.spans.linesByPhase() };
    return this.lines.byPhase;
  }

  /** The phase that is selected, be it by itself or by its line. */
  get selectedPhase(): string | undefined {
    const { phase, line, path } = this.selection ?? {};
    if (phase !== undefined || line === undefined) return phase;
    for (const [name, place] of this.linesByPhase) {
      if (place.line === line && (path === undefined || place.path === path)) return name;
    }
    return undefined;
  }

  private show(view: RunView): void {
    const before = this.view;
    if (before !== undefined && (before.startedAt !== view.startedAt || before.command !== view.command)) this.clear();
    if (before?.state === "running" && view.state !== "running" && before.startedAt === view.startedAt) {
      this.announcement = `The run is ${view.state}.`;
    }
    this.view = view;
  }

  /** Nothing of one run may stay when another is shown, whatever that one has or lacks. */
  private clear(): void {
    this.power.clear();
    this.spans = new SpanStore();
    this.iterations = new IterationStore();
    this.selection = undefined;
    this.announcement = "";
  }

  private storeOf(device: string): PowerStore {
    const store = this.power.get(device) ?? new PowerStore();
    this.power.set(device, store);
    return store;
  }
}
