import { registerLog } from "../model/log";

/** What a process below the recorder has to say goes to its standard error: whoever started it listens there. */
export function logToStandardError(): void {
  const write = (message: string) => void process.stderr.write(`${message}\n`);
  registerLog({ trace: () => {}, debug: () => {}, info: () => {}, warn: write, error: write });
  // The one that reads it may be gone.
  process.stderr.on("error", () => {});
}
