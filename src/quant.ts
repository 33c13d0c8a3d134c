/**
 * `wattline quant` without `--verify`, in a file of its own: its answer from a header alone takes less time than the
 * rest of the command line takes to be read (see wattline.ts).
 */
import { begin, installationAt, processIo } from "./cli/program";
import { quantCommand } from "./cli/quant";

begin(async () => quantCommand(installationAt(__dirname)).run(process.argv.slice(3), processIo));
