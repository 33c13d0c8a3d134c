/**
 * The controls that panels use, from one toolkit, registered here and nowhere else: to replace the toolkit, replace
 * what these elements are. Tags: `vscode-button` (appearance `primary`, `secondary` or `icon`).
 *
 * The toolkit's React part is not imported: React is no dependency of ours.
 */
import "./styleNonce";
import { provideVSCodeDesignSystem, vsCodeButton } from "@vscode/webview-ui-toolkit";

let registered = false;

/** Makes the elements known to the page. Calling it again does nothing. */
export function registerControls(): void {
  if (registered) return;
  registered = true;
  provideVSCodeDesignSystem().register(vsCodeButton());
}
