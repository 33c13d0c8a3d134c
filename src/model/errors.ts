/**
 * Every sentence with which Wattline refuses something, one function each: what happened, to what, what to do.
 * The command line prints the message and ends with `exitCode`; the extension shows it where the user waits.
 */
export class WattlineError extends Error {
  override readonly name = "WattlineError";
  constructor(
    message: string,
    /** 2: the input was bad; 126 and 127: the command to run could not be started. */
    readonly exitCode: 2 | 126 | 127 = 2,
  ) {
    super(message);
  }
}

export function notARunFolder(path: string): WattlineError {
  return new WattlineError(
    `${path} is not a run folder: it has no run.json. Runs lie in .wattline/runs of a workspace.`,
  );
}

/** @param fault what is wrong, without a full stop */
export function malformedFile(path: string, fault: string): WattlineError {
  return new WattlineError(`${path} cannot be read: ${fault}.`);
}

export function unknownSchema(path: string, found: string, known: string): WattlineError {
  return new WattlineError(
    `${path} has the format ${JSON.stringify(found.slice(0, 80))}, and this version of Wattline reads ${known}. ` +
      "A newer Wattline wrote it, perhaps: update, then open it again.",
  );
}

export function fileTooLarge(path: string, bytes: number, limitBytes: number): WattlineError {
  const megabytes = (value: number) => Math.round(value / 1e6).toLocaleString("en");
  return new WattlineError(
    `${path} has ${megabytes(bytes)} MB; Wattline reads at most ${megabytes(limitBytes)} MB of such a file.`,
  );
}

export function commandNotFound(command: string): WattlineError {
  return new WattlineError(
    `There is no command ${command}: nothing was run. Check the spelling, or give its path.`,
    127,
  );
}

export function commandNotExecutable(command: string): WattlineError {
  return new WattlineError(
    `${command} may not be run: it is a folder, or its execute permission is missing (chmod +x ${command}).`,
    126,
  );
}

export function cannotWrite(path: string, fault: string): WattlineError {
  return new WattlineError(`${path} cannot be written: ${fault}. Choose another place with --out.`);
}

export function outExists(path: string): WattlineError {
  return new WattlineError(`${path} is there already and is not empty. Choose another place with --out.`);
}

/** @param usage the command's usage line */
export function badArguments(fault: string, usage: string): WattlineError {
  return new WattlineError(`${fault}\nUsage: ${usage}`);
}
