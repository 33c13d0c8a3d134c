/**
 * The command line: `wattline COMMAND …`. Builds the list of subcommands and hands over; each loads only what it needs,
 * because `wattline run` stays in memory beside the user's program.
 */
import type { Command } from "./cli/command";
import { begin, installationAt, processIo as io } from "./cli/program";
import { runCommand } from "./cli/run";

const installation = installationAt(__dirname);

const commands: Record<string, () => Promise<Command>> = {
  run: async () => runCommand(installation),
  report: async () => (await import("./cli/report")).reportCommand,
  loops: async () => (await import("./cli/loops")).loopsCommand(installation),
  meters: async () => (await import("./cli/meters")).metersCommand(installation),
  doctor: async () => (await import("./cli/doctor")).doctorCommand(installation),

  calibrate: async () => (await import("./cli/calibrate")).calibrateCommand(installation),
  bloat: async () => (await import("./cli/bloat")).bloatCommand,
  gap: async () => (await import("./cli/gap")).gapCommand(installation),
  quant: async () => (await import("./cli/quant")).quantCommand(installation),
  compare: async () => (await import("./cli/compare")).compareCommand,
  export: async () => (await import("./cli/export")).exportCommand,
  import: async () => (await import("./cli/import")).importCommand(installation),
  watch: async () => (await import("./cli/watch")).watchCommand(installation),
};

async function main(argv: readonly string[]): Promise<number> {
  const [name = "help", ...args] = argv;
  if (["help", "--help", "-h"].includes(name)) return help();
  if (name === "--version" || name === "-v") {
    io.stdout(`${installation.version}\n`);
    return 0;
  }
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (load === undefined) {
    io.stderr(`wattline: there is no command ${name}. \`wattline help\` lists them.\n`);
    return 2;
  }
  const command = await load();
  const own = args.includes("--") ? args.slice(0, args.indexOf("--")) : args;
  if (own[0] === "--help" || own[0] === "-h") {
    io.stdout(`${command.summary}\n\nUsage: ${command.usage}\n`);
    return 0;
  }
  return command.run(args, io);
}

async function help(): Promise<number> {
  const all = await Promise.all(Object.values(commands).map((load) => load()));
  const lines = all.map(({ name, summary }) => `  ${name.padEnd(8)} ${summary}`);
  io.stdout(
    `Wattline ${installation.version}: where training and inference runs waste energy.\n\n` +
      `Usage: wattline COMMAND …\n\n${lines.join("\n")}\n\n` +
      "`wattline COMMAND --help` has the options of each. Try: wattline run -- python train.py\n",
  );
  return 0;
}

begin(() => main(process.argv.slice(2)));
