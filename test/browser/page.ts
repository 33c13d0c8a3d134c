import type { FromRunPanel, ToRunPanel } from "../../src/messages/run";
import { type MemoryHost, memoryHost } from "../../webview/shared/host";
import { cases } from "./gallery/run/cases";
import { type Theme, themes } from "./themes";

/**
 * Runs in the browser before a panel's script: it is the VS Code of the gallery. It sets a theme as VS Code does, gives
 * the panel a host, and answers "ready" with the messages of the case that the address names. What tests ask for is
 * under `window.wattlineTest`.
 */
export interface TestSide {
  readonly violations: string[];
  readonly posted: FromRunPanel[];
  readonly state: unknown;
  deliver(message: ToRunPanel): void;
  setTheme(name: string): void;
  /** For messages that do not fit through a test's JSON: those of a case, again. */
  deliverCase(name: string): void;
}
declare global {
  interface Window {
    wattlineTest: TestSide;
  }
}

const asked = new URLSearchParams(location.search);
const shown = cases[asked.get("case") ?? "full"] ?? cases.full!;

function setTheme(name: string): void {
  const theme: Theme = themes[name] ?? themes.dark!;
  const { style } = document.documentElement;
  while (style.length > 0) style.removeProperty(style[0]!);
  for (const [variable, value] of Object.entries(theme.variables)) style.setProperty(`--vscode-${variable}`, value);
  document.body.className = theme.kind;
}
setTheme(asked.get("theme") ?? "dark");

function tell(messages: readonly ToRunPanel[], to: (message: ToRunPanel) => void): void {
  for (const message of messages) to(message);
}

const violations: string[] = [];
document.addEventListener("securitypolicyviolation", (event) => {
  violations.push(
    `${event.violatedDirective}: ${event.blockedURI} ${event.sample} ${event.sourceFile}:${event.lineNumber}`,
  );
});

const host: MemoryHost<ToRunPanel, FromRunPanel> = memoryHost((message, to) => {
  // Later, as from another process.
  if (message.type === "ready") queueMicrotask(() => tell(shown.messages(), to.deliver));
});
if (shown.state !== undefined) host.setState(shown.state);

if (asked.has("vscode")) {
  // The real seam: what VS Code gives a webview.
  globalThis.acquireVsCodeApi = () => ({
    postMessage(message) {
      host.posted.push(message as FromRunPanel);
      if ((message as FromRunPanel).type === "ready") tell(shown.messages(), (next) => window.postMessage(next, "*"));
    },
    getState: () => host.getState(),
    setState: (state) => host.setState(state),
  });
} else globalThis.wattlineHost = host as never;

window.wattlineTest = {
  violations,
  posted: host.posted,
  get state() {
    return host.getState();
  },
  deliver: (message) => (asked.has("vscode") ? window.postMessage(message, "*") : host.deliver(message)),
  setTheme,
  deliverCase: (name) => tell(cases[name]!.messages(), host.deliver),
};
