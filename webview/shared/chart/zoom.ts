import { clamp } from "./columns";

/** A window on an axis. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

/**
 * Zooms a window about a place that stays where it is on the screen.
 *
 * @param factor below 1: closer
 * @param smallest no window is narrower
 * @returns undefined where all is in sight
 */
export function zoomAbout(
  window: Window,
  about: number,
  factor: number,
  all: Window,
  smallest: number,
): Window | undefined {
  const span = Math.max((window.to - window.from) * factor, smallest);
  const share = clamp((about - window.from) / (window.to - window.from), 0, 1);
  return cutTo({ from: about - span * share, to: about + span * (1 - share) }, all);
}

/** Moves a window by an amount, without leaving the whole. */
export function pan(window: Window, by: number, all: Window): Window | undefined {
  const span = window.to - window.from;
  const from = clamp(window.from + by, all.from, Math.max(all.from, all.to - span));
  return cutTo({ from, to: from + span }, all);
}

/** The window cut to the whole; undefined where it then is the whole, or is no window. */
export function cutTo(window: Window, all: Window): Window | undefined {
  const from = Math.max(window.from, all.from);
  const to = Math.min(window.to, all.to);
  if (!(to > from)) return undefined;
  const whole = (all.to - all.from) * (1 - 1e-6);
  return to - from >= whole ? undefined : { from, to };
}
