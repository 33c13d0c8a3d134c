/**
 * A question whose normal answers include "it cannot be known": the reason travels with the answer, so that
 * every screen can say why a number is missing. Exceptions are for what should not happen.
 */
export type Answer<T> =
  | { readonly known: true; readonly value: T }
  | { readonly known: false; readonly reason: string };

export function known<T>(value: T): Answer<T> {
  return { known: true, value };
}

/** @param reason a sentence for people */
export function unknown<T = never>(reason: string): Answer<T> {
  return { known: false, reason };
}
