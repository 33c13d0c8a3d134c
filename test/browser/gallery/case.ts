/** One state of a panel to look at and to test: `gallery/PANEL/CASE.ts` exports one under the name of `case`. */
export interface GalleryCase<To = { type: string }> {
  /** What the extension tells the panel, in order. */
  messages(): readonly To[];
  /** What the panel had kept before. */
  readonly state?: unknown;
  /** Widths at which a picture is taken, CSS pixels; 900 when not said. */
  readonly widths?: readonly number[];
  /** Not in the gallery of pictures: too slow to take thrice, or nothing to see. */
  readonly unpictured?: boolean;
  /** Contrast of its texts and marks is tested in all themes: what else than the frame's is looked at, and how many. */
  readonly contrast?: {
    /** Selectors of texts of this panel's own. */
    readonly texts: string;
    /** Selectors of marks whose background is their colour. */
    readonly marks: string;
    /** At least so many texts and exactly so many marks are there: a selector that finds nothing tests nothing. */
    readonly found: { readonly texts: number; readonly marks: number };
  };
}
