import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { badArguments, cannotWrite } from "../model/errors";
import { type Installation, samplerProgram } from "../recording/paths";
import { recordMachine } from "../recording/recordMachine";
import { watch } from "../recording/watch";
import { parse } from "./arguments";
import type { Command } from "./command";

const usage = "wattline watch --out DIR [--samples]";

export const watchCommand = (installation: Installation): Command => ({
  name: "watch",
  summary: "keep DIR/live.json up to date with what each device draws, or every reading, until standard input closes",
  usage,
  async run(args, io) {
    const { values, positionals } = parse(
      args,
      { out: { type: "string" }, samples: { type: "boolean", default: false } },
      usage,
    );
    if (values.out === undefined || positionals.length > 0) throw badArguments("watch needs --out DIR.", usage);
    const out = resolve(values.out);
    if (!values.samples) {
      await mkdir(out, { recursive: true, mode: 0o700 }).catch((error: Error) => {
        throw cannotWrite(out, error.message);
      });
    }
    // Whoever started it holds the other end of the pipe: when that is gone, so are we.
    const ended = new Promise<void>((done) => {
      process.stdin.on("end", done).on("error", done).resume();
      process.once("SIGTERM", done).once("SIGINT", done);
    });
    if (values.samples) {
      await recordMachine({ out, cwd: process.cwd(), env: io.env, ended }, installation);
      return 0;
    }
    await watch(
      { env: io.env, platform: process.platform },
      { program: samplerProgram(installation), file: join(out, "live.json"), ended },
    );
    return 0;
  },
});
