/**
 * A real VS Code without a desktop: the server that the npm package code-server carries, at the oldest version that the
 * extension supports. `npm start` opens it in the browser; the tests drive it with a headless Chromium.
 * Its package installs from the npm registry alone; its native parts are compiled here.
 */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { onPath, root, run, say } from "./lib/run.mjs";
import { buildTools } from "./lib/setup.mjs";

/** Equals engines.vscode in package.json. */
export const version = "1.100.3";
const home = join(root, `.vscode-test/server-${version}`);
const vscode = join(home, "node_modules/code-server/lib/vscode");
const npm = process.platform === "win32" ? "npm.cmd" : "npm";

/** What the server cannot do without, and the file that shows that it was built. */
const natives = {
  "native-watchdog": "build/Release/watchdog.node",
  "@vscode/spdlog": "build/Release/spdlog.node",
  // Its script may report a failed step after the binary is there; the binary is what counts.
  "node-pty": "build/Release/pty.node",
};
const built = (name) => existsSync(join(vscode, "node_modules", name, natives[name]));

/** Installs the server where it is missing. Works again after it was interrupted. */
export async function installServer() {
  if (!existsSync(join(home, "installed"))) {
    say(`Installing a VS Code server ${version} into .vscode-test/ (once; about two minutes)`);
    await buildTools();
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, "package.json"), '{ "private": true }\n');
    await mustRun([`code-server@4.${version.slice(2)}`], home);
    await mustRun(["--omit=dev"], vscode);
    for (const name of Object.keys(natives)) {
      const { output } = await run(npm, ["rebuild", name, "--no-audit"], { ...inFolder(vscode), quiet: true });
      if (!built(name)) throw new Error(`${name} could not be built for the VS Code server:\n${output.slice(-3000)}`);
    }
    writeFileSync(join(home, "installed"), `${version}\n`);
  }
  return vscode;
}

async function mustRun(words, cwd) {
  const args = ["install", ...words, "--ignore-scripts", "--no-audit", "--no-fund"];
  const { code, output } = await run(npm, args, { ...inFolder(cwd), quiet: true });
  if (code !== 0) throw new Error(`npm ${args.join(" ")} failed in ${cwd}:\n${output.slice(-3000)}`);
}

/** npx must not fetch packages that nobody asked for; ignore-scripts of our own .npmrc must not hold for rebuild. */
function inFolder(cwd) {
  return { cwd, env: { npm_config_yes: "false", npm_config_ignore_scripts: "false" } };
}

/**
 * Starts the server on the loopback address.
 * @param options.settings user settings of every window
 * @param options.env added to the environment of the server, its extension hosts and terminals
 * @param options.dataDir kept folder for settings, state and extensions; a temporary one without
 * @param options.installed folders of extensions that are there beside ours
 * @param options.token what a browser must know; without, everybody on this machine may open it (tests only)
 */
export async function startServer({ settings = {}, env = {}, dataDir, token, extensions, installed = [] } = {}) {
  await installServer();
  const data = dataDir ?? mkdtempSync(join(tmpdir(), "wattline-vscode-"));
  // Application-wide settings are read from the user's, machine-scoped ones of a server from the machine's.
  for (const scope of ["User", "Machine"]) {
    const file = join(data, "data", scope, "settings.json");
    mkdirSync(dirname(file), { recursive: true });
    if (!existsSync(file)) writeFileSync(file, JSON.stringify(settings, undefined, 2));
  }
  for (const folder of installed) {
    const { publisher, name, version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    cpSync(folder, join(data, "extensions", `${publisher}.${name}-${version}`), { recursive: true });
  }
  const port = await freePort();
  const args = [
    join(vscode, "out/server-main.js"),
    ...["--host", "127.0.0.1", "--port", String(port), "--accept-server-license-terms"],
    ...["--server-data-dir", data, "--telemetry-level", "off"],
    ...(token === undefined ? ["--without-connection-token"] : ["--connection-token", token]),
    ...(extensions === undefined ? [] : ["--extensions-dir", extensions]),
  ];
  const log = [];
  const child = spawn(process.execPath, args, {
    cwd: vscode,
    env: withoutVsCode({ ...process.env, ...env }),
    stdio: ["ignore", "pipe", "pipe"],
  });
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (bytes) => log.push(String(bytes)));
  await answers(port, child, log);
  return {
    port,
    data,
    log: () => log.join(""),
    /** The address of a window on a folder, with the extension under development. */
    address(folder, { testsPath } = {}) {
      const remote = (path) => `vscode-remote://127.0.0.1:${port}${path}`;
      const payload = [["extensionDevelopmentPath", remote(root)]];
      if (testsPath !== undefined) payload.push(["extensionTestsPath", remote(testsPath)]);
      const query = new URLSearchParams();
      if (token !== undefined) query.set("tkn", token);
      query.set("folder", folder);
      query.set("payload", JSON.stringify(payload));
      return `http://127.0.0.1:${port}/?${query}`;
    },
    exited: new Promise((resolve) => child.once("exit", resolve)),
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        const gone = new Promise((resolve) => child.once("exit", resolve));
        child.kill();
        const patience = setTimeout(() => child.kill("SIGKILL"), 5000);
        await gone;
        clearTimeout(patience);
      }
      if (dataDir === undefined) rmSync(data, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}

/** A server started from a terminal inside VS Code must not believe that it is part of that one. */
function withoutVsCode(env) {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(VSCODE_|ELECTRON_)/.test(name)));
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

async function answers(port, child, log) {
  const until = Date.now() + 60_000;
  while (Date.now() < until) {
    if (child.exitCode !== null) break;
    const reply = await fetch(`http://127.0.0.1:${port}/version`).catch(() => undefined);
    if (reply?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  child.kill();
  throw new Error(`The VS Code server did not start:\n${log.join("").slice(-3000)}`);
}

/** For `npm start`: a window in the user's browser, kept until Ctrl-C. */
export async function openInBrowser({ folder }) {
  const token = randomBytes(16).toString("hex");
  const dataDir = join(root, ".vscode-test/data");
  const server = await startServer({ token, dataDir, settings: { "workbench.startupEditor": "none" } });
  const address = server.address(folder);
  say("VS Code runs in the browser. Open this address on this machine (or through an ssh tunnel to its port):");
  console.log(`\n  ${address}\n\nCtrl-C ends it. Runs that go on are closed properly.`);
  const opener = process.platform === "darwin" ? "open" : onPath("xdg-open");
  if (opener !== undefined && (process.platform === "darwin" || process.env.DISPLAY || process.env.WAYLAND_DISPLAY)) {
    spawn(opener, [address], { stdio: "ignore", detached: true })
      .on("error", () => {})
      .unref();
  }
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => void server.stop());
  await server.exited;
  return 0;
}

if (process.argv[1]?.endsWith("vscode-server.mjs")) {
  if (process.argv.includes("--install")) await installServer();
  else process.exitCode = await openInBrowser({ folder: resolve(process.argv[2] ?? join(root, "examples")) });
}
