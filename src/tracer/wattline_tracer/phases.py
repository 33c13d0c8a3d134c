"""`wattline_tracer.phase` and `mark` while Wattline records."""

import functools
import inspect
import sys
from _thread import get_ident
from time import perf_counter_ns as clock

import wattline_tracer

from .loops import Marked
from .recorder import SAMPLE_MASK


class Phase:
    """One use of `phase(name)`. Spans nest freely; the innermost counts."""

    __slots__ = ("recorder", "code", "site", "start", "name")

    def __init__(self, recorder, name, site):
        self.recorder = recorder
        self.name = name
        self.code = recorder.code(name)
        self.site = site
        self.start = 0

    def __enter__(self):
        self.start = clock()
        return self

    def __exit__(self, kind, value, traceback):
        try:
            now = clock()
            recorder = self.recorder
            if recorder.on and recorder.active:
                recorder.span(self.code, self.start, now, self.site)
                if not recorder.count & SAMPLE_MASK:
                    recorder.own_time(now)
        except Exception:
            self.recorder.active = False
        return None

    def __call__(self, function):
        if not callable(function) or _later(function):
            return function
        name = self.name

        @functools.wraps(function)
        def in_phase(*args, **kwargs):
            with wattline_tracer.phase(name):
                return function(*args, **kwargs)

        return in_phase


def _later(function):
    return (
        inspect.iscoroutinefunction(function)
        or inspect.isgeneratorfunction(function)
        or inspect.isasyncgenfunction(function)
    )


class Backend:
    """What `wattline_tracer` calls. A fault here switches the tracer off; the user's program goes on."""

    def __init__(self, tracer):
        self.tracer = tracer
        self.marked = {}

    def phase(self, name):
        tracer = self.tracer
        recorder = tracer.recorder
        try:
            if recorder.active and get_ident() == recorder.main_thread:
                # phase() of the package stands between the user and here.
                return Phase(recorder, str(name), tracer.sites.of(sys._getframe(2)))
        except Exception as error:
            tracer.hook_failed("phase", error)
        return wattline_tracer._no_phase

    def mark(self, iteration):
        tracer = self.tracer
        recorder = tracer.recorder
        try:
            if not recorder.active or get_ident() != recorder.main_thread:
                return
            now = clock()
            frame = sys._getframe(2)
            line = frame.f_lineno
            loop = tracer.loop((frame.f_code.co_filename, line, line, "training", "batch"))
            running = recorder.stack[-1] if recorder.stack else None
            if type(running) is Marked and running.loop is not loop:
                running.leave()
            if type(running) is not Marked or running.loop is not loop:
                running = Marked(tracer, loop)
                running.enter()
            if iteration is not None:
                loop.count = int(iteration)
            running.begin(now)
        except Exception as error:
            tracer.hook_failed("mark", error)
