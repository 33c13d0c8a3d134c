/**
 * Five functions that do nothing until a root registers where lines go: the extension's output channel, or standard
 * error for the command line. So nothing below the roots needs VS Code or a console to say what it saw.
 */
export interface LogSink {
  trace(message: string): void;
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

let sink: LogSink | undefined;

/** Sends all later lines to `to`; `undefined` silences them. Returns the sink registered before. */
export function registerLog(to: LogSink | undefined): LogSink | undefined {
  const before = sink;
  sink = to;
  return before;
}

export const log: LogSink = {
  trace: (message) => sink?.trace(message),
  debug: (message) => sink?.debug(message),
  info: (message) => sink?.info(message),
  warn: (message) => sink?.warn(message),
  error: (message) => sink?.error(message),
};
