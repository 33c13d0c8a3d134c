/** What passes between the extension and any panel; a panel adds messages of its own (`run.ts` is an example). */
import { longText, oneOf, positiveInteger, text } from "./reader";

/** There is nothing to show, and why. A message called `show`, which each panel has, takes their place. */
export type ToAnyPanel =
  | { readonly type: "empty"; readonly reason: string; readonly remedy: string }
  | { readonly type: "failed"; readonly message: string; readonly remedy: string };

export type FromAnyPanel =
  /** The page is there and knows nothing yet, at its start and each time that its tab comes back into sight. */
  | { type: "ready" }
  | { type: "openSource"; path: string; line: number }
  | { type: "copyMarkdown" }
  /** `data`: for svg the text of the file, for png its bytes in base64. */
  | { type: "savePicture"; format: "svg" | "png"; data: string }
  | { type: "openFolder" }
  | { type: "help" };

/** Checks of what any panel may send, to be spread into the `reader` of its own messages. */
export const fromAnyPanel = {
  ready: {},
  openSource: { path: text, line: positiveInteger },
  copyMarkdown: {},
  savePicture: { format: oneOf("svg", "png"), data: longText },
  openFolder: {},
  help: {},
};
