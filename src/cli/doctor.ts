import { badArguments } from "../model/errors";
import { type DoctorAnswer, examine } from "../recording/doctor";
import type { Installation } from "../recording/paths";
import { parse, takeJson } from "./arguments";
import type { Command } from "./command";
import { doctorText } from "./doctorText";

const usage = "wattline doctor [--json]";

export const doctorCommand = (installation: Installation): Command => ({
  name: "doctor",
  summary: "try each meter for two seconds and say what is missing, why and what helps",
  usage,
  async run(args, io) {
    const { json, rest } = takeJson(args);
    if (parse(rest, {}, usage).positionals.length > 0) throw badArguments("doctor takes no words.", usage);
    if (!json) io.stderr("Looking at this machine and trying its meters for two seconds…\n\n");
    const host = { env: io.env, platform: process.platform };
    const answer: DoctorAnswer = await examine(host, installation, process.cwd());
    io.stdout(json ? `${JSON.stringify(answer, undefined, 2)}\n` : doctorText(answer, io.env.HOME));
    return 0;
  },
});
