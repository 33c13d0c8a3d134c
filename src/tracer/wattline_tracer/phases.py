"""`wattline_tracer.phase` and `mark` while Wattline records."""

import sys
from _thread import get_ident
from time import perf_counter_ns as clock

import wattline_tracer

from .loops import Marked
from .recorder import SAMPLE_MASK

# Flags of code whose call is over before its work begins: generators, coroutines, asynchronous generators.
_LATER = 0x20 | 0x80 | 0x200
# Phases are kept by the place that asks for them; places that are made while running must not fill the memory.
_KEPT_LIMIT = 4096


class Phase:
    """A place of the program that says `phase(name)`. Spans nest freely, in themselves too; the innermost counts.

    Attributes:
        asked_by: The code object of the place.
        starts: Of the spans that are open, innermost last.
    """

    __slots__ = ("recorder", "name", "code", "site", "asked_by", "starts")

    def __init__(self, recorder, name, site, asked_by):
        self.recorder = recorder
        self.name = name
        self.code = recorder.code(name)
        self.site = site
        self.asked_by = asked_by
        self.starts = []

    def __enter__(self):
        self.starts.append(clock())
        if self.recorder.device is not None:
            self.recorder.device.begin(self.code)
        return self

    def __exit__(self, kind, value, traceback):
        now = clock()
        recorder = self.recorder
        try:
            start = self.starts.pop()
            if recorder.device is not None:
                recorder.device.end(self.code, recorder.loop, recorder.iteration, self.site)
            if recorder.on and recorder.active:
                recorder.record(self.code, recorder.loop, recorder.iteration, start, now, self.site)
                if not recorder.count & SAMPLE_MASK:
                    recorder.own_time(now)
        except Exception:
            recorder.active = False
        return None

    def __call__(self, function):
        code = getattr(function, "__code__", None)
        if not callable(function) or (code is not None and code.co_flags & _LATER):
            return function
        from functools import wraps

        name = self.name

        @wraps(function)
        def in_phase(*args, **kwargs):
            with wattline_tracer.phase(name):
                return function(*args, **kwargs)

        return in_phase


class Backend:
    """What `wattline_tracer` calls. A fault here switches the tracer off; the user's program goes on."""

    def __init__(self, tracer):
        self.tracer = tracer
        self.recorder = tracer.recorder
        self.kept = {}

    def phase(self, name):
        recorder = self.recorder
        try:
            if recorder.active and get_ident() == recorder.main_thread:
                # phase() of the package stands between the user and here.
                frame = sys._getframe(2)
                if type(name) is not str:
                    name = str(name)
                place = frame.f_lasti, id(frame.f_code), name
                phase = self.kept.get(place)
                if phase is None or phase.asked_by is not frame.f_code:
                    phase = self.keep(place, name, frame)
                return phase
        except Exception as error:
            self.tracer.hook_failed("phase", error)
        return wattline_tracer._no_phase

    def keep(self, place, name, frame):
        if len(self.kept) >= _KEPT_LIMIT:
            self.kept.clear()
        phase = Phase(self.recorder, name, self.tracer.sites.of(frame), frame.f_code)
        self.kept[place] = phase
        return phase

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
