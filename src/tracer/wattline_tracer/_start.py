"""Puts the tracer in place at the start of an interpreter; everything heavier is imported when it is first needed.

A Python that trains nothing (pip, a helper script, a launcher) pays for this file and for `imports`, `mainscript`.
"""

import os
import sys
from time import perf_counter_ns

import wattline_tracer

from . import imports, mainscript


class _FirstUse:
    """Stands in for the backend until the program names a phase or a mark; then there is a tracer."""

    def __init__(self, plan):
        self.plan = plan

    def phase(self, name):
        return self._backend().phase(name)

    def mark(self, iteration):
        self._backend().mark(iteration)

    def _backend(self):
        try:
            return self.plan.tracer.backend
        except Exception:
            return wattline_tracer._NoBackend()


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
    plan = imports.Plan(folder, named, perf_counter_ns())
    wattline_tracer._backend = _FirstUse(plan)
    imports.install(plan)
    mainscript.install(plan)


def _named_loop(text):
    """`/abs/train.py:12` as (path, line), or None: the loop that the editor named."""
    path, _, line = text.rpartition(":")
    return (os.path.realpath(path), int(line)) if path and line.isdigit() else None
