import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Report } from "../../../src/model/report";
import { readRun } from "../../../src/store/readRun";
import { isRunning, manifestAt, newFolder, onlyRun, start, until, wattline } from "./wattline";

const python = existsSync(".venv/bin/python") ? join(process.cwd(), ".venv/bin/python") : "python3";

describe("wattline run", () => {
  it("gives the child's standard output alone, its exit code, and a table on standard error", async () => {
    const cwd = newFolder();
    const script = "echo out; echo err >&2; sleep 0.3; exit 7";
    const { code, stdout, stderr } = await wattline(["run", "--", "sh", "-c", script], { cwd }).ended;
    expect(code).toBe(7);
    expect(stdout).toBe("out\n");
    expect(stderr).toMatch(/^err\n/);
    expect(stderr).toMatch(/exit code 7/);
    expect(stderr).toMatch(/Wattline itself cost/);
    expect(manifestAt(onlyRun(cwd)).end?.exitCode).toBe(7);
  });

  it("leaves a folder that only its owner can read", async () => {
    const cwd = newFolder();
    await wattline(["run", "--", "true"], { cwd }).ended;
    const run = onlyRun(cwd);
    expect(statSync(run).mode & 0o777).toBe(0o700);
    for (const file of readdirSync(run)) expect(statSync(join(run, file)).mode & 0o077).toBe(0);
    expect(readdirSync(run).sort()).toEqual(["run.json", "samples.arrow", "summary.json", "trace"]);
  });

  it.each([
    [["no-such-command-anywhere"], 127, /no command no-such-command-anywhere/],
    [["./no-such-file"], 127, /no command .\/no-such-file/],
    [["./script"], 126, /may not be run/],
    [["./folder"], 126, /may not be run/],
  ])("of %j ends with %i and leaves no run behind", async (command, expected, message) => {
    const cwd = newFolder();
    writeFileSync(join(cwd, "script"), "#!/bin/sh\n");
    mkdirSync(join(cwd, "folder"));
    const { code, stderr, stdout } = await wattline(["run", "--", ...command], { cwd }).ended;
    expect(code).toBe(expected);
    expect(stderr).toMatch(message);
    expect(stdout).toBe("");
    expect(existsSync(join(cwd, ".wattline"))).toBe(false);
  });

  it.each([
    ["TERM", 143],
    ["KILL", 137],
    ["INT", 130],
  ])("of a command that SIG%s ends gives 128 + its number", async (signal, expected) => {
    const cwd = newFolder();
    const { code, stderr } = await wattline(["run", "--", "sh", "-c", `kill -${signal} $$; sleep 5`], { cwd }).ended;
    expect(code).toBe(expected);
    expect(stderr).toMatch(`ended by SIG${signal}`);
    expect(manifestAt(onlyRun(cwd)).end?.signal).toBe(`SIG${signal}`);
  });

  it.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("hands on %s and closes the run properly", async (signal) => {
    const cwd = newFolder();
    const name = signal.slice(3);
    const script = `trap 'echo got ${name}; exit 5' ${name}; echo ready; while :; do sleep 0.05; done`;
    const run = wattline(["run", "--", "sh", "-c", script], { cwd });
    await until(() => run.stdoutSoFar().includes("ready"), "the child is ready");
    run.child.kill(signal);
    const { code, stdout } = await run.ended;
    expect(stdout).toBe(`ready\ngot ${name}\n`);
    expect(code).toBe(5);
    expect(manifestAt(onlyRun(cwd)).end).toMatchObject({ exitCode: 5 });
  });

  it("lets the child read standard input and write 100 MB to a pipe", async () => {
    const cwd = newFolder();
    const echo = await wattline(["run", "--", "cat"], { cwd, stdin: "some input" }).ended;
    expect(echo.stdout).toBe("some input");
    const script = "head -c 100000000 /dev/zero | tr '\\0' x";
    const { stdout, code } = await wattline(["run", "--", "sh", "-c", script], { cwd }).ended;
    expect(code).toBe(0);
    expect(stdout.length).toBe(100_000_000);
  });

  it("with --json writes the report as the last line of standard error, with --json=FILE to the file", async () => {
    const cwd = newFolder();
    const { stderr } = await wattline(["run", "--json", "--", "sh", "-c", "echo noise >&2; sleep 1"], { cwd }).ended;
    const report = JSON.parse(stderr.trimEnd().split("\n").at(-1)!) as Report;
    expect(report.schema).toBe("wattline.report/1");
    expect(report.run).toMatchObject({ state: "finished", exitCode: 0, argv: ["sh", "-c", "echo noise >&2; sleep 1"] });
    const other = newFolder();
    const second = await wattline(["run", "--json=report.json", "--", "sleep", "0.1"], { cwd: other }).ended;
    expect(second.stderr).toMatch(/Wattline: sleep 0\.1/);
    expect(JSON.parse(readFileSync(join(other, "report.json"), "utf8"))).toMatchObject({ schema: "wattline.report/1" });
  });

  it("takes --out, labels and a rate, and says what is wrong with others", async () => {
    const cwd = newFolder();
    const args = ["run", "--out", "here", "--label", "clock=1410", "--label", "baseline", "--rate", "50", "--", "true"];
    expect((await wattline(args, { cwd }).ended).code).toBe(0);
    const manifest = manifestAt(join(cwd, "here"));
    expect(manifest.labels).toEqual({ clock: "1410", name: "baseline" });
    expect(manifest.settings.rateHz).toBe(50);
    for (const [wrong, message] of [
      [["--rate", "fast"], /--rate takes a number/],
      [["--bogus"], /--bogus/],
      [["--out", "here"], /is there already/],
    ] as const) {
      const { code, stderr } = await wattline(["run", ...wrong, "--", "true"], { cwd }).ended;
      expect(code).toBe(2);
      expect(stderr).toMatch(message);
    }
    expect((await wattline(["run"], { cwd }).ended).stderr).toMatch(/no command to run/);
  });

  it("does not keep secrets of the command line", async () => {
    const cwd = newFolder();
    await wattline(["run", "--", "true", "--api-key", "s3cret"], { cwd }).ended;
    const run = onlyRun(cwd);
    for (const file of ["run.json", "summary.json"]) {
      expect(readFileSync(join(run, file), "utf8")).not.toContain("s3cret");
    }
  });

  it("works without a tracer when asked to", async () => {
    const cwd = newFolder();
    const { stdout } = await wattline(["run", "--no-trace", "--", "sh", "-c", 'echo "$PYTHONPATH"'], {
      cwd,
      env: { PYTHONPATH: "/mine" },
    }).ended;
    expect(stdout).toBe("/mine\n");
  });

  it("leaves the terminal to the command: it is one, with its size, and Ctrl-C reaches it once", async () => {
    const cwd = newFolder();
    writeFileSync(
      join(cwd, "asks_terminal.py"),
      [
        "import os, signal, sys, time",
        "count = 0",
        "def on_interrupt(*_):",
        "    global count",
        "    count += 1",
        "signal.signal(signal.SIGINT, on_interrupt)",
        "print('tty', os.isatty(0), os.isatty(1), os.isatty(2), os.get_terminal_size().columns, flush=True)",
        "deadline = time.monotonic() + 1.5",
        "while time.monotonic() < deadline: time.sleep(0.01)",
        "print('interrupts', count, flush=True)",
        "sys.exit(3)",
      ].join("\n"),
    );
    // A pseudo-terminal of 132 columns; Ctrl-C is typed into it once the program is ready.
    writeFileSync(
      join(cwd, "pty_driver.py"),
      [
        "import fcntl, os, pty, struct, sys, termios",
        "pid, fd = pty.fork()",
        "if pid == 0:",
        "    os.execvp(sys.argv[1], sys.argv[1:])",
        "fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', 40, 132, 0, 0))",
        "seen, typed = b'', False",
        "while True:",
        "    try: data = os.read(fd, 65536)",
        "    except OSError: break",
        "    if not data: break",
        "    seen += data",
        "    if not typed and b'tty' in seen:",
        "        os.write(fd, b'\\x03'); typed = True",
        "sys.stdout.buffer.write(seen)",
        "sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))",
      ].join("\n"),
    );
    const recorderPath = join(process.cwd(), "dist/recorder.js");
    const command = [python, "pty_driver.py", process.execPath, recorderPath, "run", "--", python, "asks_terminal.py"];
    const { code, stdout, stderr } = await start(command, { cwd }).ended;
    expect(stderr).toBe("");
    expect(stdout).toMatch(/tty True True True 132/);
    expect(stdout).toMatch(/interrupts 1\r?\n/);
    expect(code).toBe(3);
  });

  it("lets a program under nohup outlive the hang-up", async () => {
    const cwd = newFolder();
    writeFileSync(
      join(cwd, "pty_nohup.py"),
      [
        "import os, pty, signal, sys, time",
        "pid, fd = pty.fork()",
        "if pid == 0:",
        "    os.execvp('nohup', ['nohup'] + sys.argv[1:])",
        "deadline = time.monotonic() + 20",
        "while not os.path.exists('ready') and time.monotonic() < deadline: time.sleep(0.02)",
        "os.close(fd)",
        "os.killpg(os.getpgid(pid), signal.SIGHUP)",
        "os.waitpid(pid, 0)",
      ].join("\n"),
    );
    const recorderPath = join(process.cwd(), "dist/recorder.js");
    const script = "touch ready; sleep 1; touch survived";
    const command = [python, "pty_nohup.py", process.execPath, recorderPath, "run", "--", "sh", "-c", script];
    await start(command, { cwd }).ended;
    expect(existsSync(join(cwd, "survived"))).toBe(true);
    expect(manifestAt(onlyRun(cwd)).end?.exitCode).toBe(0);
  });

  it("ends when its command does, though something that the command started goes on", async () => {
    const cwd = newFolder();
    const began = Date.now();
    const script = "sleep 20 >/dev/null 2>&1 </dev/null & exit 4";
    expect((await wattline(["run", "--", "sh", "-c", script], { cwd }).ended).code).toBe(4);
    expect(Date.now() - began).toBeLessThan(15_000);
  });

  it("is followed while it goes on", async () => {
    const cwd = newFolder();
    const run = wattline(["run", "--", "sleep", "3"], { cwd });
    await until(() => isRunning(cwd), "the command was started");
    await until(async () => {
      const read = await readRun(onlyRun(cwd)).catch(() => undefined);
      return read?.state === "running" && [...read.samples.values()].some(({ timeS }) => timeS.length > 3);
    }, "samples of a running run");
    await run.ended;
    expect((await readRun(onlyRun(cwd))).state).toBe("finished");
  });
});

describe("wattline", () => {
  it("lists its commands, and refuses others", async () => {
    expect((await wattline([]).ended).stdout).toMatch(/run +run a command/);
    const { code, stderr } = await wattline(["brew"]).ended;
    expect(code).toBe(2);
    expect(stderr).toMatch(/no command brew/);
  });

  it("report of what is no run folder says so", async () => {
    const { code, stderr, stdout } = await wattline(["report", "/tmp"]).ended;
    expect(code).toBe(2);
    expect(stderr).toMatch(/\/tmp is not a run folder/);
    expect(stdout).toBe("");
  });
});
