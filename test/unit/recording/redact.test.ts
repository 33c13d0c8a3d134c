import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { redactArguments } from "../../../src/recording/redact";

describe("a command line that is kept", () => {
  it.each([
    [
      ["--api-key", "abc"],
      ["--api-key", "…"],
    ],
    [["--token=abc"], ["--token=…"]],
    [
      ["HF_TOKEN=hf_x", "python"],
      ["HF_TOKEN=…", "python"],
    ],
    [
      ["--wandb_api_key", "0123"],
      ["--wandb_api_key", "…"],
    ],
    [
      ["--password", "-starts-with-dash"],
      ["--password", "-starts-with-dash"],
    ],
    [
      ["--db", "postgres://me:secret@host/x"],
      ["--db", "postgres://me:…@host/x"],
    ],
    [
      ["--auth", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl"],
      ["--auth", "…"],
    ],
    [["hf_abcdefghijklmnopqrstuvwx"], ["…"]],
    [
      ["-c", "login('hf_abcdefghijklmnopqrstuvwx')"],
      ["-c", "login('…')"],
    ],
  ])("%j loses its secrets", (argv, expected) => {
    // The one that begins with a dash is taken for the next option: it would have been one for argparse, too.
    expect(redactArguments(argv)).toEqual(expected);
  });

  it.each([
    [["python", "train.py", "--lr", "1e-3"]],
    [["--max-tokens", "512"]],
    [["--max_new_tokens=512"]],
    [["--num-tokens", "5"]],
    [["--pad-token", "<pad>"]],
    [["--sort-key", "length"]],
    [["--output", "tokens/train.bin"]],
    [["https://host/path"]],
  ])("%j stays as it is", (argv) => {
    expect(redactArguments(argv)).toEqual(argv);
  });

  it("keeps its number of words, whatever they are", () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (argv) => {
        expect(redactArguments(argv)).toHaveLength(argv.length);
      }),
    );
  });
});
