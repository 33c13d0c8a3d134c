/** What a program of ours that ran in the user's Python left behind: a JSON file, from which nothing is taken unchecked. */
import { readFile, stat } from "node:fs/promises";
import * as v from "valibot";
import { malformedFile, WattlineError } from "../model/errors";
import { firstFault } from "../store/files";

/**
 * @param python for the message where there is no result
 * @throws WattlineError where there is none, where the program says in `fault` why, or where it is not as expected
 */
export async function readPythonResult<S extends v.GenericSchema>(
  path: string,
  schema: S,
  { python, exitCode, mostBytes }: { readonly python: string; readonly exitCode: number; readonly mostBytes: number },
): Promise<v.InferOutput<S>> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) {
    throw new WattlineError(
      `${python} ended with ${exitCode} before it had measured anything: its own message stands above.`,
    );
  }
  if (found.size > mostBytes) throw malformedFile(path, "it is larger than any result");
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, "utf8"));
  } catch {
    throw malformedFile(path, "it is not JSON");
  }
  const fault = (value as { fault?: unknown } | null)?.fault;
  if (typeof fault === "string") throw new WattlineError(fault.slice(0, 2000));
  const checked = v.safeParse(schema, value);
  if (!checked.success) throw malformedFile(path, `it is not as expected (${firstFault(checked.issues)})`);
  return checked.output;
}
