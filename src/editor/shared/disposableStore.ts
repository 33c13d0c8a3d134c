import type { Disposable } from "vscode";

/**
 * Owns what has to be disposed: last in, first out. `add` returns its argument, so that owning costs no line; what
 * arrives after the store was disposed is disposed at once.
 */
export class DisposableStore implements Disposable {
  private readonly owned: Disposable[] = [];
  private disposed = false;

  add<T extends Disposable>(disposable: T): T {
    if (this.disposed) disposable.dispose();
    else this.owned.push(disposable);
    return disposable;
  }

  /** As `add`, for a function that undoes something. */
  defer(undo: () => void): void {
    this.add({ dispose: undo });
  }

  /** Everything is disposed, even where a part of it throws; the first such error is thrown at the end. */
  dispose(): void {
    this.disposed = true;
    const errors: unknown[] = [];
    for (const disposable of this.owned.splice(0).reverse()) {
      try {
        disposable.dispose();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }
}

/** Calls `run` every `periodMs`, the next call only when the one before is done. */
export function every(periodMs: number, run: () => unknown): Disposable {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const next = async () => {
    try {
      await run();
    } finally {
      if (!stopped) timer = setTimeout(next, periodMs);
    }
  };
  timer = setTimeout(next, periodMs);
  return {
    dispose() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
