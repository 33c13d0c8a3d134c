/** A subcommand of `wattline`: one file each in this folder, thin: parse arguments, call, print. */
export interface Command {
  readonly name: string;
  /** One line for `wattline help`. */
  readonly summary: string;
  /** Its usage line. */
  readonly usage: string;
  /** @returns the exit code: 0 for an answer, 2 for bad input; an exception that is no WattlineError counts as 1 */
  run(args: string[], io: Io): Promise<number>;
}

export interface Io {
  stdout(text: string): void;
  stderr(text: string): void;
  readonly env: Readonly<Record<string, string | undefined>>;
}
