"""Runs a program twice, with and without the tracer, and reads the trace."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TRACER = ROOT / "src" / "tracer"
SITE = TRACER / "site"


class Ran:
    """What a program left: its output, its exit code, and its traces."""

    def __init__(self, process, traces):
        self.out = process.stdout
        self.err = process.stderr
        self.code = process.returncode
        self.traces = traces

    @property
    def trace(self):
        """The one trace there is."""
        assert len(self.traces) == 1, f"{len(self.traces)} traces; stderr: {self.err.decode()}"
        return self.traces[0]


class Trace:
    """A trace file's rows, read as `store/trace.ts` reads them: a last line without its newline is dropped."""

    def __init__(self, path):
        self.path = path
        self.text = path.read_bytes().decode()
        lines = self.text.split("\n")[:-1]
        self.header = json.loads(lines[0])
        self.rows = [json.loads(line) for line in lines[1:]]
        self.spans = []
        paths = []
        current = None
        for row in self.rows:
            if row[0] == "p":
                if isinstance(row[1], str):
                    paths.append(row[1])
                    current = row[1]
                else:
                    current = paths[row[1]]
            elif row[0] == "s":
                self.spans.append(Span(row, current))

    def named(self, name):
        return [row for row in self.rows if row[0] == name]

    @property
    def loops(self):
        """{id: (line, end line, kind, parent, level)}"""
        return {row[1]: tuple(row[3:]) for row in self.named("l")}

    def iterations(self, line=None):
        """(iteration, start, duration) of the loop that begins in a line, or of all."""
        ids = {row[1] for row in self.named("l") if line is None or row[3] == line}
        return [tuple(row[2:5]) for row in self.named("i") if row[1] in ids]

    def phases(self):
        """Number of spans by phase, of those within iterations: the last wait of a loop, which brings nothing, is not."""
        counts = {}
        for span in self.spans:
            if span.iteration >= 0:
                counts[span.phase] = counts.get(span.phase, 0) + 1
        return counts

    def counters(self, name):
        return [row[3] for row in self.named("c") if row[1] == name]

    def notes(self):
        return [row[1] for row in self.named("n")]

    @property
    def ended(self):
        return bool(self.named("e"))


class Span:
    def __init__(self, row, path):
        self.phase, self.iteration, self.start, self.duration, self.line = row[1:6]
        self.loop = row[6] if len(row) > 6 else None
        self.path = path if self.line else None
        self.end = self.start + self.duration


def environment(folder=None, **more):
    env = {name: value for name, value in os.environ.items() if not name.startswith(("WATTLINE_", "PYTHON"))}
    env["PYTHONDONTWRITEBYTECODE"] = "1"
    env["PYTHONHASHSEED"] = "0"
    env["OMP_NUM_THREADS"] = "1"
    if folder is not None:
        env["PYTHONPATH"] = str(SITE)
        env["WATTLINE_TRACE_DIR"] = str(folder)
    env.update(more)
    return env


def run(args, cwd, folder=None, stdin=b"", python=sys.executable, timeout=300, **more):
    """Runs `python args` in a folder; with a trace where `folder` is given."""
    if folder is not None:
        folder.mkdir(exist_ok=True)
    process = subprocess.run(
        [str(python), *args], cwd=cwd, env=environment(folder, **more), input=stdin, capture_output=True, timeout=timeout
    )
    return Ran(process, traces_of(folder))


def traces_of(folder):
    return [Trace(path) for path in sorted(folder.iterdir())] if folder is not None else []


def same(args, cwd, stdin=b"", python=sys.executable, **more):
    """Runs a program without and with the tracer, and asserts that nobody could tell the two apart."""
    plain = run(args, cwd, stdin=stdin, python=python)
    traced = run(args, cwd, cwd / "trace", stdin=stdin, python=python, **more)
    assert traced.out == plain.out
    assert traced.err == plain.err, f"plain:\n{plain.err.decode()}\ntraced:\n{traced.err.decode()}"
    assert traced.code == plain.code
    return traced


def write(folder, **files):
    """Writes Python files; a name with two underscores is a path (`pack__train` is pack/train.py)."""
    for name, text in files.items():
        path = folder / (name.replace("__", "/") + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
