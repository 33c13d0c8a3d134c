import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { commands, contributes, packageParts, settings, settingsPage } from "../../../src/editor/contributions";

const root = join(__dirname, "../../..");
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Record<string, unknown>;

describe("what package.json says of the extension", () => {
  it("is what src/editor/contributions.ts says (npm run generate)", () => {
    for (const [name, value] of Object.entries(packageParts())) expect(manifest[name], name).toEqual(value);
    expect(readFileSync(join(root, "docs/settings.md"), "utf8")).toBe(settingsPage());
  });

  it("lets no workspace name a program or a system folder", () => {
    for (const [name, { scope, description }] of Object.entries(settings)) {
      if (/interpreter|library|folder that stands in/i.test(description)) expect(scope, name).toBe("machine");
    }
  });

  it("needs trust for every command that starts a program or changes a file", () => {
    const harmless = "openLastRun openRun openGap openBloat revealRun showPower showLog copyRemedy".split(" ");
    for (const [name, { enablement = "" }] of Object.entries(commands)) {
      if (!harmless.includes(name)) expect(enablement, name).toContain("isWorkspaceTrusted");
    }
  });

  it("names only commands and pictures that there are", () => {
    const text = JSON.stringify(contributes());
    for (const [, name] of text.matchAll(/command:wattline\.(\w+)|onCommand:wattline\.(\w+)/g)) {
      if (name !== undefined) expect(Object.keys(commands)).toContain(name);
    }
    for (const [picture] of text.matchAll(/media\/[\w/.-]+/g))
      expect(readFileSync(join(root, picture)).length).toBeGreaterThan(0);
    expect(
      readFileSync(join(root, String(packageParts().icon)))
        .subarray(1, 4)
        .toString(),
    ).toBe("PNG");
  });
});
