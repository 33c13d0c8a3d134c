import { describe, expect, it } from "vitest";
import { syncPoints } from "../../../src/source/syncPoints";
import { parser } from "./samples";

function found(text: string, line: number, endLine: number): string[] {
  const tree = parser.parse(text);
  if (!tree.known) throw new Error(tree.reason);
  return syncPoints(tree.value, line, endLine).map((point) => `${point.line} ${point.text}`);
}

describe("calls that wait for the device", () => {
  const text = [
    "for batch in loader:",
    "    loss = model(batch.cpu_features)",
    "    total += loss.detach().cpu().item()",
    "    if step % 10 == 0:",
    '        print(f"{loss}")',
    "    values.append(loss.tolist())  # .item() in a comment",
    '    name = "loss.item()"',
    "    torch.cuda.synchronize()",
    "    print()",
    "print(loss.item())",
  ].join("\n");

  it("are found in the loop and nowhere else, not in texts and comments", () => {
    expect(found(text, 1, 9)).toEqual([
      "3 loss.detach().cpu().item()",
      "3 loss.detach().cpu()",
      "5 print()",
      "6 loss.tolist()",
      "8 torch.cuda.synchronize()",
    ]);
  });

  it("are found behind a syntax error too", () => {
    expect(found("for x in y:\n    a = (\n    b.item()\n", 1, 3)).toContain("3 b.item()");
  });
});
