import { registerControls } from "./controls";
import { findHost, type Host } from "./host";

/** Gives a panel the program around it and puts it into the page: all that a bundle's `main.ts` does. */
export function startPanel<To, From>(panel: HTMLElement & { start(host: Host<To, From>): void }): void {
  registerControls();
  panel.start(findHost<To, From>());
  (document.getElementById("root") ?? document.body).append(panel);
}
