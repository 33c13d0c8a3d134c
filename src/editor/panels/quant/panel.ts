import { env, Uri, type WebviewPanel, window, workspace } from "vscode";
import type { UseOfModel } from "../../../analysis/quantization/advice";
import { modelFacts } from "../../../analysis/quantization/facts";
import { quantReport } from "../../../analysis/quantization/report";
import type { ScanResult } from "../../../analysis/quantization/scan";
import {
  type FromQuantPanel,
  readFromQuantPanel,
  type ScanState,
  type ToQuantPanel,
  type VerifyState,
} from "../../../messages/quant";
import type { Checkpoint } from "../../../model/checkpoint";
import { WattlineError } from "../../../model/errors";
import { defaultRequest, type ModelFacts, type QuantReport, type QuantRequest } from "../../../model/quantization";
import type { VerifyAnswer } from "../../../model/verify";
import { quantDevice } from "../../../store/checkpoint/device";
import { openCheckpoint } from "../../../store/checkpoint/open";
import type { LoadPlace } from "../../contributions";
import { interpreterFor } from "../../profile/interpreter";
import type { Recorder } from "../../shared/recorder";
import { type OwnRequest, type PanelContent, type PanelKind, PanelPage } from "../shared/page";
import { insertSnippet } from "./insert";
import { quantMarkdown } from "./markdown";
import { type RunningScan, startScan } from "./scan";
import { type RunningVerify, startVerify } from "./verify";
import { nameOf, quantView } from "./view";

const kind: PanelKind<FromQuantPanel> = {
  name: "quant",
  help: "quantization-panel",
  title: "Quantization",
  read: readFromQuantPanel,
};

/** What is known of the checkpoint from its headers; read once. */
interface Opened {
  readonly checkpoint: Checkpoint;
  readonly facts: ModelFacts;
}

/** One checkpoint: its header at once, its weights as they are read, and what the user asks of it. */
export class QuantPanel implements PanelContent<FromQuantPanel> {
  readonly page: PanelPage<ToQuantPanel, FromQuantPanel>;
  private opened: Opened | undefined;
  private fault: unknown;
  private request: QuantRequest | undefined;
  private device = "";
  private scanned: (ScanResult & { readonly elapsedS: number }) | undefined;
  private scanning: RunningScan | undefined;
  private scan: ScanState = { state: "none", reason: "", canStart: true };
  private verifying: RunningVerify | undefined;
  private verify: VerifyState = { state: "ready" };
  private measured: VerifyAnswer | undefined;
  private source: LoadPlace | undefined;
  private use: UseOfModel | undefined;

  constructor(
    readonly path: string,
    private readonly webview: WebviewPanel,
    private readonly extension: Uri,
    private readonly recorder: Recorder,
  ) {
    this.page = new PanelPage(kind, webview, extension, this);
    this.page.own({
      dispose: () => {
        this.scanning?.cancel();
        this.verifying?.cancel();
      },
    });
    try {
      const checkpoint = openCheckpoint(path);
      const facts = modelFacts(checkpoint);
      if (facts.parameters === 0)
        throw new WattlineError(`${path} has no weights, and its config.json does not say how large they are.`);
      this.opened = { checkpoint, facts };
      this.request = defaultRequest("sync", checkpoint.config.maxContext);
      if (checkpoint.kind === "config") {
        this.scan = {
          state: "none",
          reason: "There are no weights here: sizes come from config.json.",
          canStart: false,
        };
      } else this.startScan();
    } catch (error) {
      this.fault = error;
    }
  }

  /** Where the user came from, and what that file does with its model. */
  comeFrom(source: LoadPlace | undefined, use: UseOfModel | undefined): void {
    this.source = source ?? this.source;
    this.use = use ?? this.use;
    this.tell();
  }

  tell(): void {
    const view = this.view();
    if (view === undefined) {
      this.page.postFailure(
        this.fault,
        "The checkpoint cannot be read",
        "Other checkpoints: Wattline: Show Quantization Advice.",
      );
      return;
    }
    this.page.title = view.title;
    this.page.post({ type: "show", view });
  }

  markdown(): string | undefined {
    const report = this.report();
    return report && quantMarkdown(report);
  }

  act(message: OwnRequest<FromQuantPanel>): unknown {
    switch (message.type) {
      case "device":
        return this.choose(message.name);
      case "request": {
        const { type: _, ...request } = message;
        this.request = request;
        return this.tell();
      }
      case "scan":
        return this.startScan();
      case "cancelScan":
        return this.scanning?.cancel();
      case "insert":
      case "copy":
        return this.give(message);
      case "verify":
        return this.startVerify();
      case "cancelVerify":
        return this.verifying?.cancel();
    }
  }

  private report(): QuantReport | undefined {
    if (this.opened === undefined || this.request === undefined) return undefined;
    const { checkpoint, facts } = this.opened;
    const report = quantReport({
      facts,
      device: quantDevice(this.device === "" ? undefined : this.device),
      request: this.request,
      notes: checkpoint.notes,
      ...(this.scanned === undefined ? {} : { scan: this.scanned }),
    });
    return this.measured === undefined ? report : { ...report, verify: this.measured };
  }

  private view() {
    const report = this.report();
    if (report === undefined) return undefined;
    return quantView({
      path: this.path,
      facts: this.opened!.facts,
      report,
      device: this.device,
      scan: this.scan,
      verify: this.verify,
      model: this.source?.model ?? nameOf(this.path),
      ...(this.use === undefined ? {} : { use: this.use }),
    });
  }

  private choose(name: string): void {
    if (name !== "") quantDevice(name);
    this.device = name;
    this.tell();
  }

  private startScan(): void {
    if (this.opened === undefined || this.scanning !== undefined || this.opened.checkpoint.kind === "config") return;
    const scanning = startScan(this.opened.checkpoint, this.extension, (doneBytes, totalBytes) => {
      this.scan = { state: "running", doneBytes, totalBytes };
      this.tell();
    });
    this.scanning = scanning;
    this.scan = { state: "running", doneBytes: 0, totalBytes: 0 };
    scanning.done
      .then(
        (found) => {
          this.scanned = found;
          this.scan = { state: "done" };
        },
        (error: Error) => {
          this.scan = { state: "none", reason: error.message, canStart: true };
        },
      )
      .finally(() => {
        this.scanning = undefined;
        this.tell();
      });
    this.tell();
  }

  private async give({ type, id }: { type: "insert" | "copy"; id: string }): Promise<void> {
    const snippet = this.view()?.snippets.find((each) => each.id === id);
    if (snippet === undefined) return;
    if (type === "insert") return insertSnippet(snippet, this.source, this.webview.viewColumn);
    await env.clipboard.writeText(snippet.code);
    void window.setStatusBarMessage("$(check) Copied", 3000);
  }

  private async startVerify(): Promise<void> {
    if (this.verifying !== undefined || this.request === undefined) return;
    const picked = await window.showOpenDialog({
      title: "Texts to measure on",
      openLabel: "Measure",
      filters: { Texts: ["jsonl", "txt"] },
      ...(workspace.workspaceFolders?.[0] && { defaultUri: workspace.workspaceFolders[0].uri }),
    });
    const data = picked?.[0];
    if (data === undefined || this.verifying !== undefined) return;
    const file = Uri.file(this.source?.path ?? this.path);
    const python = await interpreterFor(file, workspace.getWorkspaceFolder(file) ?? workspace.workspaceFolders?.[0]);
    const question = { path: this.path, data: data.fsPath, python, device: this.device, request: this.request };
    this.verify = { state: "running", text: "Starting Python" };
    const verifying = startVerify(question, this.recorder, (text, share) => {
      if (this.verify.state !== "running") return;
      const known = share ?? this.verify.share;
      this.verify = {
        state: "running",
        text: text ?? this.verify.text,
        ...(known === undefined ? {} : { share: known }),
      };
      this.tell();
    });
    this.verifying = verifying;
    this.tell();
    try {
      this.measured = await verifying.done;
      this.verify = { state: "done" };
    } catch (error) {
      this.verify = { state: "failed", message: (error as Error).message };
    } finally {
      this.verifying = undefined;
      this.tell();
    }
  }
}
