import { describe, expect, it } from "vitest";
import { readFromGapPanel } from "../../../src/messages/gap";

describe("a message from the gap panel", () => {
  const good = [
    { type: "ready" },
    { type: "openSource", path: "net.py", line: 12 },
    { type: "copyMarkdown" },
    { type: "savePicture", format: "svg", data: "<svg/>" },
    { type: "openFolder" },
    { type: "help" },
    { type: "openRun" },
  ] as const;

  it("passes when it is one of ours, and is refused with a field too many or too few", () => {
    for (const message of good) {
      expect(readFromGapPanel(message)).toEqual(message);
      expect(readFromGapPanel({ ...message, extra: 1 })).toBeUndefined();
      for (const field of Object.keys(message)) {
        expect(readFromGapPanel({ ...message, [field]: null })).toBeUndefined();
      }
    }
  });

  it("is refused where it is another panel's, or tries to name a command", () => {
    for (const message of [
      { type: "stop" },
      { type: "openRun", path: "/etc" },
      { type: "__proto__" },
      "openRun",
      null,
    ]) {
      expect(readFromGapPanel(message)).toBeUndefined();
    }
  });
});
