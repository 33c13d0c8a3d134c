import type { ToRunPanel } from "../../../../src/messages/run";
import { case as empty } from "./empty";
import { case as estimate } from "./estimate";
import { case as failed } from "./failed";
import { case as full } from "./full";
import { case as gaps } from "./gaps";
import { case as hostile } from "./hostile";
import { case as huge } from "./huge";
import { case as interrupted } from "./interrupted";
import { case as live } from "./live";
import { case as loading } from "./loading";
import { case as noTrace } from "./noTrace";
import { case as ranks } from "./ranks";
import { case as tooShort } from "./tooShort";
import { case as zoomed } from "./zoomed";

/** One state of the panel to look at and to test. */
export interface GalleryCase {
  /** What the extension tells the panel, in order. */
  messages(): readonly ToRunPanel[];
  /** What the panel had kept before. */
  readonly state?: unknown;
  /** Widths at which a picture is taken, CSS pixels; 900 when not said. */
  readonly widths?: readonly number[];
  /** Not in the gallery of pictures: too slow to take thrice, or nothing to see. */
  readonly unpictured?: boolean;
}

export const cases: Readonly<Record<string, GalleryCase>> = {
  full,
  gaps,
  zoomed,
  live,
  loading,
  estimate,
  tooShort,
  noTrace,
  ranks,
  interrupted,
  failed,
  empty,
  hostile,
  huge,
};
