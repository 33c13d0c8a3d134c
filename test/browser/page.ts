import { gallery } from "gallery";
import { type MemoryHost, memoryHost } from "../../webview/shared/host";
import type { GalleryCase } from "./gallery/case";
import { type Theme, themes } from "./themes";

/**
 * Runs in the browser before a panel's script: it is the VS Code of the gallery. It sets a theme as VS Code does, gives
 * the panel a host, and answers "ready" with the messages of the case that the address names. What tests ask for is
 * under `window.wattlineTest`.
 */
type Message = { readonly type: string };
export interface TestSide {
  readonly violations: string[];
  readonly posted: Message[];
  readonly state: unknown;
  deliver(message: Message): void;
  setTheme(name: string): void;
  /** For messages that do not fit through a test's JSON: those of a case, again. */
  deliverCase(name: string): void;
  /** Makes a case's messages beforehand, for a test that times what the panel does with them. */
  prepareCase(name: string): void;
}
declare global {
  interface Window {
    wattlineTest: TestSide;
  }
}

const asked = new URLSearchParams(location.search);
const panel = location.pathname.split("/").at(-1);

function caseOf(name: string): GalleryCase {
  const found = gallery[`${panel}/${name}`];
  if (found === undefined) throw new Error(`There is no test/browser/gallery/${panel}/${name}.ts.`);
  return found;
}
const shown = caseOf(asked.get("case") ?? "full");

function setTheme(name: string): void {
  const theme: Theme = themes[name] ?? themes.dark!;
  const { style } = document.documentElement;
  while (style.length > 0) style.removeProperty(style[0]!);
  for (const [variable, value] of Object.entries(theme.variables)) style.setProperty(`--vscode-${variable}`, value);
  document.body.className = theme.kind;
}
setTheme(asked.get("theme") ?? "dark");

function tell(messages: readonly Message[], to: (message: Message) => void): void {
  for (const message of messages) to(message);
}

const violations: string[] = [];
document.addEventListener("securitypolicyviolation", (event) => {
  violations.push(
    `${event.violatedDirective}: ${event.blockedURI} ${event.sample} ${event.sourceFile}:${event.lineNumber}`,
  );
});

const host: MemoryHost<Message, Message> = memoryHost((message, to) => {
  // Later, as from another process.
  if (message.type === "ready") queueMicrotask(() => tell(shown.messages(), to.deliver));
});
if (shown.state !== undefined) host.setState(shown.state);

if (asked.has("vscode")) {
  // The real seam: what VS Code gives a webview.
  globalThis.acquireVsCodeApi = () => ({
    postMessage(message) {
      host.posted.push(message as Message);
      if ((message as Message).type === "ready") tell(shown.messages(), (next) => window.postMessage(next, "*"));
    },
    getState: () => host.getState(),
    setState: (state) => host.setState(state),
  });
} else globalThis.wattlineHost = host as never;

const prepared = new Map<string, readonly Message[]>();

window.wattlineTest = {
  violations,
  posted: host.posted,
  get state() {
    return host.getState();
  },
  deliver: (message) => (asked.has("vscode") ? window.postMessage(message, "*") : host.deliver(message)),
  setTheme,
  deliverCase: (name) => tell(prepared.get(name) ?? caseOf(name).messages(), host.deliver),
  prepareCase: (name) => void prepared.set(name, caseOf(name).messages()),
};
