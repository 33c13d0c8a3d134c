"""Puts the tracer in place at the start of an interpreter; everything heavier is imported when it is first needed.

A Python that trains nothing (pip, a helper script, a launcher) pays for this file and for `imports`, `mainscript`.
"""

import os
import sys

from . import imports, mainscript


def start(environ):
    """Installs the import hooks. Called once, by `sitecustomize`, before the user's program.

    Args:
        environ: The process's environment; `WATTLINE_TRACE_DIR` names the folder of traces.
    """
    # Spans end when a bound method dies (see watched.py): that needs reference counting.
    if sys.implementation.name != "cpython" or sys.version_info < (3, 9):
        return
    folder = environ["WATTLINE_TRACE_DIR"]
    named = _named_loop(environ.get("WATTLINE_LOOP", ""))
    plan = imports.Plan(folder, named, started_ns())
    imports.install(plan)
    mainscript.install(plan)


def started_ns():
    """Now, in nanoseconds of CLOCK_MONOTONIC: on Linux that is what `perf_counter` reads, and the recorder too."""
    from time import perf_counter_ns

    return perf_counter_ns()


def _named_loop(text):
    """`/abs/train.py:12` as (path, line), or None: the loop that the editor named."""
    path, _, line = text.rpartition(":")
    return (os.path.realpath(path), int(line)) if path and line.isdigit() else None
