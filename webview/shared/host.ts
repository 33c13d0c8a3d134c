/**
 * What a panel knows of the program around it: it posts messages, hears messages, and keeps a small state that
 * survives while its tab is hidden (VS Code throws the page away then and makes it anew). Two such programs exist:
 * VS Code, and memory, so that a panel opens in any browser from a fixture.
 */
export interface Host<To, From> {
  post(message: From): void;
  /** Calls `listen` for every message from now on. Returns how to stop. */
  onMessage(listen: (message: To) => void): () => void;
  /** What was last kept. It may come from an older version of the panel: check it. */
  getState(): unknown;
  setState(state: unknown): void;
}

interface VsCodeApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}
declare global {
  function acquireVsCodeApi(): VsCodeApi;
  /** Set by a page outside VS Code before the panel's script runs. */
  var wattlineHost: Host<unknown, unknown> | undefined;
}

/** The program that this page runs in. May be called once: VS Code hands its side out once. */
export function findHost<To, From>(): Host<To, From> {
  return (globalThis.wattlineHost as Host<To, From> | undefined) ?? vsCodeHost<To, From>();
}

function vsCodeHost<To, From>(): Host<To, From> {
  const api = acquireVsCodeApi();
  return {
    post: (message) => api.postMessage(message),
    onMessage(listen) {
      const heard = (event: MessageEvent<To>) => listen(event.data);
      window.addEventListener("message", heard);
      return () => window.removeEventListener("message", heard);
    },
    getState: () => api.getState(),
    setState: (state) => api.setState(state),
  };
}

export interface MemoryHost<To, From> extends Host<To, From> {
  /** All that the panel has posted, in order. */
  readonly posted: From[];
  /** Says something to the panel. */
  deliver(message: To): void;
}

/** @param answer called for each message that the panel posts, so that a fixture can answer `ready` */
export function memoryHost<To, From>(
  answer?: (message: From, host: MemoryHost<To, From>) => void,
): MemoryHost<To, From> {
  const listeners = new Set<(message: To) => void>();
  const posted: From[] = [];
  let state: unknown;
  const host: MemoryHost<To, From> = {
    posted,
    post(message) {
      posted.push(message);
      answer?.(message, host);
    },
    deliver(message) {
      for (const listen of listeners) listen(message);
    },
    onMessage(listen) {
      listeners.add(listen);
      return () => listeners.delete(listen);
    },
    getState: () => state,
    setState(next) {
      // As VS Code does: what is kept is a copy.
      state = structuredClone(next);
    },
  };
  return host;
}
