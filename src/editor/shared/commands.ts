import { commands, type Disposable, window } from "vscode";
import { WattlineError } from "../../model/errors";
import { log } from "../../model/log";
import type { CommandArguments, CommandName, ContextKeys } from "../contributions";

/** Registers one of our commands. What it throws is shown: a command is called by somebody who waits for it. */
export function registerCommand<Name extends CommandName>(
  name: Name,
  run: (...args: CommandArguments[Name]) => unknown,
): Disposable {
  return commands.registerCommand(`wattline.${name}`, async (...args: CommandArguments[Name]) => {
    try {
      return await run(...args);
    } catch (error) {
      showError(error);
    }
  });
}

export function runCommand<Name extends CommandName>(name: Name, ...args: CommandArguments[Name]): Thenable<unknown> {
  return commands.executeCommand(`wattline.${name}`, ...args);
}

/** Our own sentences as they are; of anything else what it says, and the way to the log. */
export function showError(error: unknown): void {
  if (error instanceof WattlineError) {
    log.warn(error.message);
    void window.showErrorMessage(error.message);
    return;
  }
  log.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
  const message = `Wattline could not do that: ${error instanceof Error ? error.message : String(error)}`;
  void window.showErrorMessage(message, "Show Log").then((choice) => choice && runCommand("showLog"));
}

export function setContext<Key extends keyof ContextKeys>(key: Key, value: ContextKeys[Key]): void {
  void commands.executeCommand("setContext", key, value);
}
