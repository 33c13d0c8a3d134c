import { homedir } from "node:os";
import { join } from "node:path";

/** Where what is known of this machine is kept from one run to the next: the user's state folder, by the XDG rules. */
export function stateFolder(env: Readonly<Record<string, string | undefined>>): string {
  const state = env.XDG_STATE_HOME || join(env.HOME ?? homedir(), ".local/state");
  return env.WATTLINE_STATE_DIR ?? join(state, "wattline");
}
