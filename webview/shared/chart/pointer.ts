import { pan, type Window, zoomAbout } from "./zoom";

/** What a chart with one horizontal axis lets the pointer do, and where it is. */
export interface PointerTarget {
  /** Left edge of the plotting area from the element's, and its width, in CSS pixels. */
  area(): { readonly left: number; readonly width: number };
  /** The window in sight, the whole, and the narrowest window. */
  window(): Window;
  all(): Window;
  smallest: number;
  /** The pointer is over a place, or left (undefined). `y` is from the element's top. */
  hover(at: number | undefined, y: number): void;
  /** A span is being drawn out; undefined: no more. */
  brush(window: Window | undefined): void;
  /** A new window; undefined: all. */
  zoom(window: Window | undefined): void;
  pick(at: number, y: number): void;
}

/** A drag shorter than this is a click. */
const clickPx = 4;
/** A wheel that began to scroll the page goes on doing so for this long, when the chart comes under the pointer. */
const scrollLatchMs = 300;

/** Hover, drag, click, double click and wheel over a chart. Returns how to let go. */
export function attachPointer(element: HTMLElement, target: PointerTarget): () => void {
  let downAt: { at: number; x: number } | undefined;
  let dragging = false;
  let lastScroll = Number.NEGATIVE_INFINITY;

  const placeOf = (clientX: number) => {
    const { left, width } = target.area();
    const { from, to } = target.window();
    const share = (clientX - element.getBoundingClientRect().left - left) / Math.max(1, width);
    return from + Math.min(1, Math.max(0, share)) * (to - from);
  };
  const heightOf = (event: MouseEvent) => event.clientY - element.getBoundingClientRect().top;
  const ordered = (a: number, b: number): Window => ({ from: Math.min(a, b), to: Math.max(a, b) });

  const down = (event: PointerEvent) => {
    if (event.button !== 0) return;
    downAt = { at: placeOf(event.clientX), x: event.clientX };
    element.setPointerCapture(event.pointerId);
  };
  const move = (event: PointerEvent) => {
    const at = placeOf(event.clientX);
    if (downAt !== undefined && Math.abs(event.clientX - downAt.x) >= clickPx) dragging = true;
    if (dragging && downAt !== undefined) target.brush(ordered(downAt.at, at));
    target.hover(at, heightOf(event));
  };
  const up = (event: PointerEvent) => {
    if (downAt === undefined) return;
    const at = placeOf(event.clientX);
    const window = ordered(downAt.at, at);
    const dragged = dragging;
    downAt = undefined;
    dragging = false;
    target.brush(undefined);
    if (!dragged) target.pick(at, heightOf(event));
    else if (window.to - window.from >= target.smallest) target.zoom(window);
  };
  const leave = () => {
    if (!dragging) target.hover(undefined, 0);
  };
  const cancel = () => {
    downAt = undefined;
    dragging = false;
    target.brush(undefined);
    target.hover(undefined, 0);
  };
  const reset = () => target.zoom(undefined);
  const scrolled = () => {
    lastScroll = performance.now();
  };
  const wheel = (event: WheelEvent) => {
    if (performance.now() - lastScroll < scrollLatchMs && !event.ctrlKey) return;
    const [window, all] = [target.window(), target.all()];
    const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey;
    const pixels =
      (sideways && event.deltaX === 0 ? event.deltaY : sideways ? event.deltaX : event.deltaY) * pixelsPerLine(event);
    const next = sideways
      ? pan(window, (pixels / Math.max(1, target.area().width)) * (window.to - window.from), all)
      : zoomAbout(window, placeOf(event.clientX), Math.exp(pixels * 0.002), all, target.smallest);
    const zoomedOut = window.to - window.from >= (all.to - all.from) * (1 - 1e-6);
    // All is in sight and the wheel asks for more: then it is the page that should move.
    if (zoomedOut && next === undefined) return;
    event.preventDefault();
    target.zoom(next);
  };

  element.addEventListener("pointerdown", down);
  element.addEventListener("pointermove", move);
  element.addEventListener("pointerup", up);
  element.addEventListener("pointercancel", cancel);
  element.addEventListener("pointerleave", leave);
  element.addEventListener("dblclick", reset);
  element.addEventListener("wheel", wheel, { passive: false });
  window.addEventListener("scroll", scrolled, { passive: true });
  return () => {
    element.removeEventListener("pointerdown", down);
    element.removeEventListener("pointermove", move);
    element.removeEventListener("pointerup", up);
    element.removeEventListener("pointercancel", cancel);
    element.removeEventListener("pointerleave", leave);
    element.removeEventListener("dblclick", reset);
    element.removeEventListener("wheel", wheel);
    window.removeEventListener("scroll", scrolled);
  };
}

/** A wheel event counts pixels, lines or pages. */
function pixelsPerLine(event: WheelEvent): number {
  return event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : event.deltaMode === WheelEvent.DOM_DELTA_PAGE ? 400 : 1;
}
