/** What the user's command finds in its environment: all that tells a Python below it that it is being traced. */
import { delimiter } from "node:path";

export interface TracerSettings {
  /** Folder with the `sitecustomize.py` that loads the tracer. */
  readonly siteDir: string;
  readonly runPath: string;
  /** The loop that the editor named. */
  readonly loop?: { readonly path: string; readonly line: number };
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The child's environment: the recorder's own, without what made Electron into Node for the recorder, and with the
 * tracer's settings unless tracing is off.
 */
export function childEnvironment(env: Environment, tracer: TracerSettings | undefined): Record<string, string> {
  const child: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || name === "ELECTRON_RUN_AS_NODE" || tracerVariables.has(name)) continue;
    child[name] = value;
  }
  if (tracer === undefined) return child;
  child.PYTHONPATH = child.PYTHONPATH ? `${tracer.siteDir}${delimiter}${child.PYTHONPATH}` : tracer.siteDir;
  child.WATTLINE_RUN = tracer.runPath;
  child.WATTLINE_TRACE_DIR = `${tracer.runPath}/trace`;
  if (tracer.loop) child.WATTLINE_LOOP = `${tracer.loop.path}:${tracer.loop.line}`;
  return child;
}

/** A recorder below a recorder starts from a clean slate: the inner run's trace is the inner run's. */
const tracerVariables = new Set(["WATTLINE_RUN", "WATTLINE_TRACE_DIR", "WATTLINE_LOOP"]);
