/** What is started as `wattline` (dist/recorder.js): picks the program, so that a quick command is not kept waiting. */
import { join } from "node:path";

const [command, ...words] = process.argv.slice(2);
const isForTheRest = (word: string) => /^(--verify(=|$)|--help$|-h$)/.test(word);
const program = command === "quant" && !words.some(isForTheRest) ? "quant.js" : "commands.js";
require(join(__dirname, program));
