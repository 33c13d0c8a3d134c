import { access, constants, stat } from "node:fs/promises";
import { delimiter, join, resolve } from "node:path";
import { commandNotExecutable, commandNotFound } from "../model/errors";

/**
 * Looks for the command as the system will, before anything is set up for it: a command that cannot be run leaves no
 * run folder behind.
 * @throws WattlineError with exit code 127 when there is none, 126 when it may not be run
 */
export async function checkCommand(command: string, env: Readonly<Record<string, string | undefined>>): Promise<void> {
  // PATHEXT and the app aliases of Windows are better left to the system itself.
  if (process.platform === "win32") return;
  if (command === "") throw commandNotFound("''");
  const places = command.includes("/")
    ? [resolve(command)]
    : (env.PATH ?? "/usr/bin:/bin").split(delimiter).map((folder) => join(folder || ".", command));
  let seen = false;
  for (const place of places) {
    const found = await stat(place).catch(() => undefined);
    if (found === undefined) continue;
    const executable =
      found.isFile() &&
      (await access(place, constants.X_OK)
        .then(() => true)
        .catch(() => false));
    if (executable) return;
    // A folder of that name on PATH is passed over by a shell; one that was named by its path is not.
    seen ||= found.isFile() || command.includes("/");
  }
  throw seen ? commandNotExecutable(command) : commandNotFound(command);
}
