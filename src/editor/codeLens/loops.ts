import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Disposable, type TextDocument, type Uri, window, workspace } from "vscode";
import { WattlineError } from "../../model/errors";
import { plural } from "../../model/format";
import { log } from "../../model/log";
import { findLoops } from "../../source/findLoops";
import type { Loop } from "../../source/loop";
import { type FoundModels, findModels } from "../../source/modelLoads";
import type { PythonTree } from "../../source/node";
import { openPythonParser, type PythonDocument, type PythonParser } from "../../source/parse";
import { DisposableStore } from "../shared/disposableStore";
import { worthALens } from "./worthALens";

interface Parsed {
  readonly python: PythonDocument;
  version: number;
  tree: PythonTree | undefined;
  loops: readonly Loop[] | undefined;
  models: FoundModels | undefined;
}

/** The loops and the models of open Python files, each parsed once a version, and only what an edit changed. */
export class LoopsOfDocument implements Disposable {
  private readonly owned = new DisposableStore();
  private readonly parsed = new Map<string, Parsed>();
  private parser: Promise<PythonParser> | undefined;

  /** @param grammars the folder of the parser's WebAssembly */
  constructor(private readonly grammars: string) {
    this.owned.add(
      workspace.onDidCloseTextDocument((document) => {
        const key = document.uri.toString();
        this.parsed.get(key)?.python.dispose();
        this.parsed.delete(key);
      }),
    );
    this.owned.defer(() => {
      for (const { python } of this.parsed.values()) python.dispose();
      void this.parser?.then((parser) => parser.dispose());
    });
  }

  /** Loops that are worth a profile, in order: see `worthALens`. Empty where the text cannot be parsed. */
  async of(document: TextDocument): Promise<readonly Loop[]> {
    const entry = await this.parse(document);
    if (entry?.tree === undefined) return [];
    entry.loops ??= worthALens(findLoops(entry.tree).loops);
    return entry.loops;
  }

  /** Where models are loaded and with what; undefined where the text cannot be parsed. */
  async modelsOf(document: TextDocument): Promise<FoundModels | undefined> {
    const entry = await this.parse(document);
    if (entry?.tree === undefined) return undefined;
    entry.models ??= findModels(entry.tree);
    return entry.models;
  }

  private async parse(document: TextDocument): Promise<Parsed | undefined> {
    this.parser ??= openPythonParser((file) => readFile(join(this.grammars, file)));
    const parser = await this.parser;
    if (document.isClosed) return undefined;
    const key = document.uri.toString();
    let entry = this.parsed.get(key);
    if (entry?.version === document.version) return entry;
    const python = entry?.python ?? parser.open();
    const tree = python.update(document.getText());
    if (!tree.known) log.debug(`${document.uri.fsPath}: ${tree.reason}`);
    entry = {
      python,
      version: document.version,
      tree: tree.known ? tree.value : undefined,
      loops: undefined,
      models: undefined,
    };
    this.parsed.set(key, entry);
    return entry;
  }

  /** The loop at the cursor, the only one, or the one that the user picks. */
  async choose(file: Uri): Promise<Loop | undefined> {
    const document = await workspace.openTextDocument(file);
    const loops = await this.of(document);
    if (loops.length === 0) {
      throw new WattlineError(
        `No training loop was found in ${workspace.asRelativePath(file)}. ` +
          "Write `# wattline: loop` on the line above one, or profile the whole file.",
      );
    }
    const editor = window.activeTextEditor?.document === document ? window.activeTextEditor : undefined;
    const cursor = (editor?.selection.active.line ?? -1) + 1;
    const around = loops.filter(({ line, endLine }) => line <= cursor && cursor <= endLine).at(-1);
    if (around !== undefined || loops.length === 1) return around ?? loops[0];
    const items = loops.map((loop) => ({
      label: document.lineAt(loop.line - 1).text.trim(),
      description: `line ${loop.line}, ${loop.kind}`,
      loop,
    }));
    const title = `${plural(loops.length, "loop")} in ${workspace.asRelativePath(file)}`;
    return (await window.showQuickPick(items, { title }))?.loop;
  }

  dispose(): void {
    this.owned.dispose();
  }
}
