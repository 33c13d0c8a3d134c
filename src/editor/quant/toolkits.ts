import {
  CodeAction,
  CodeActionKind,
  Diagnostic,
  DiagnosticSeverity,
  DiagnosticTag,
  type Disposable,
  languages,
  Position,
  Range,
  type TextDocument,
  WorkspaceEdit,
  window,
  workspace,
} from "vscode";
import { replacementFor } from "../../analysis/quantization/snippets";
import type { ToolkitFinding } from "../../source/toolkits";
import type { LoopsOfDocument } from "../codeLens/loops";
import { DisposableStore } from "../shared/disposableStore";
import { onSetting, setting } from "../shared/settings";

/** An edit is looked at once it has settled. */
const settlesMs = 400;
const python = { language: "python", scheme: "file" } as const;

/** Marks toolkits that are no longer maintained, and offers the call of the one that takes their place. */
export function toolkitHints(loops: LoopsOfDocument): Disposable {
  const owned = new DisposableStore();
  const shown = owned.add(languages.createDiagnosticCollection("wattline"));
  const found = new Map<string, readonly ToolkitFinding[]>();
  const timers = new Map<string, NodeJS.Timeout>();

  const look = async (document: TextDocument): Promise<void> => {
    if (document.languageId !== python.language || document.uri.scheme !== python.scheme) return;
    const toolkits = setting("toolkitHints", document.uri) ? ((await loops.modelsOf(document))?.toolkits ?? []) : [];
    found.set(document.uri.toString(), toolkits);
    shown.set(
      document.uri,
      toolkits.map((finding) => diagnostic(document, finding)),
    );
  };
  const later = (document: TextDocument): void => {
    const key = document.uri.toString();
    clearTimeout(timers.get(key));
    timers.set(
      key,
      setTimeout(() => void look(document), settlesMs),
    );
  };
  owned.add(workspace.onDidOpenTextDocument((document) => void look(document)));
  owned.add(workspace.onDidChangeTextDocument(({ document }) => later(document)));
  owned.add(
    workspace.onDidCloseTextDocument(({ uri }) => {
      clearTimeout(timers.get(uri.toString()));
      timers.delete(uri.toString());
      found.delete(uri.toString());
      shown.delete(uri);
    }),
  );
  owned.add(onSetting("toolkitHints", () => void Promise.all(workspace.textDocuments.map(look))));
  owned.defer(() => {
    for (const timer of timers.values()) clearTimeout(timer);
  });
  owned.add(
    languages.registerCodeActionsProvider(
      python,
      {
        async provideCodeActions(document, range) {
          const here = (found.get(document.uri.toString()) ?? []).filter(
            (finding) => rangeOf(document, finding).intersection(range) !== undefined,
          );
          if (here.length === 0) return [];
          const model = (await loops.modelsOf(document))?.loads.find((load) => load.model !== undefined)?.model;
          return here.map((finding) => replacement(document, finding, model ?? "MODEL"));
        },
      },
      { providedCodeActionKinds: [CodeActionKind.QuickFix] },
    ),
  );
  for (const { document } of window.visibleTextEditors) void look(document);
  return owned;
}

function rangeOf(document: TextDocument, { start, end }: ToolkitFinding): Range {
  return new Range(document.positionAt(start), document.positionAt(end));
}

function diagnostic(document: TextDocument, finding: ToolkitFinding): Diagnostic {
  const made = new Diagnostic(rangeOf(document, finding), finding.message, DiagnosticSeverity.Information);
  made.source = "Wattline";
  made.code = finding.id;
  if (finding.deprecated) made.tags = [DiagnosticTag.Deprecated];
  return made;
}

/** Below the statement: what was there is for the user to take out. */
function replacement(document: TextDocument, finding: ToolkitFinding, model: string): CodeAction {
  const action = new CodeAction(`Insert the call of ${finding.instead} below`, CodeActionKind.QuickFix);
  const { code } = replacementFor(finding.instead, model);
  const edit = new WorkspaceEdit();
  const line = Math.min(finding.line, document.lineCount);
  const atEnd = line === document.lineCount;
  const at = atEnd ? document.lineAt(line - 1).range.end : new Position(line, 0);
  edit.insert(document.uri, at, `${atEnd ? "\n" : ""}\n${code}\n`);
  action.edit = edit;
  action.diagnostics = [diagnostic(document, finding)];
  return action;
}
