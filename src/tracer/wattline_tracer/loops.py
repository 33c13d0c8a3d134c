"""The loops that rewrite.py found, while they run: their iterations and the wait for the next item.

`for x in LOADER` became `for x in DOOR.get(key, iter)(LOADER)`. The door answers with a call of the built-in `map`
over two iterators, a generator of ours and LOADER's own: so LOADER is asked for its iterator, and that for each item,
by C code, with no frame of ours in a traceback. The generator runs just before each item is fetched, `arrived` just
after; when the loop ends, in whatever way, `map` dies, and with it the generator, whose `finally` sees the end.
"""

import sys
from functools import partial
from time import perf_counter_ns as clock

from _thread import get_ident

from .recorder import DATA, ITERATION, OPTIMIZER, SAMPLE_MASK, SAMPLED

# Fetching from a list takes 0.1 µs: a wait below this is no wait.
LEAST_WAIT_NS = 5_000
# From here on it is asked whether layers are to be measured in an iteration (see layertable).
FIRST_ASKED = 1
NEVER = 1 << 62


class Loop:
    """A loop of the source. Its iterations are counted over the whole run: the second epoch goes on from the first.

    Attributes:
        id: Its number in the trace.
        count: Iterations begun so far.
        begun: When the first did.
        sample_at: From which iteration on it is asked whether layers are to be measured in it.
    """

    __slots__ = ("id", "path", "line", "end_line", "kind", "level", "site", "count", "declared", "begun", "sample_at")

    def __init__(self, id, path, line, end_line, kind, level, site):
        self.id = id
        self.path = path
        self.line = line
        self.end_line = end_line
        self.kind = kind
        self.level = level
        self.site = site
        self.count = 0
        self.declared = False
        self.begun = 0
        self.sample_at = NEVER if level == "epoch" else FIRST_ASKED


class Running:
    """A loop that is being run through once; the base of the ways in which one is seen.

    Its iteration `self.number` is open from `self.start` on, unless `self.start` is 0.
    """

    def __init__(self, tracer, loop):
        self.tracer = tracer
        self.recorder = tracer.recorder
        self.generation = tracer.generation
        self.loop = loop
        self.start = 0
        self.number = -1

    def enter(self):
        stack = self.recorder.stack
        if not self.loop.declared:
            self.tracer.declare(self.loop, stack[-1].loop.id if stack else -1)
        stack.append(self)

    def begin(self, now):
        """The next iteration begins; the one before it ends."""
        recorder = self.recorder
        if self.start:
            self.end(now)
        loop = self.loop
        self.start = now
        self.number = recorder.iteration = loop.count
        recorder.loop = loop.id
        loop.count += 1
        recorder.on = recorder.stride == 1 or self.number % recorder.stride == 0
        if recorder.device is not None:
            recorder.device.read()
        if self.number >= loop.sample_at:
            self.tracer.sample_layers(self, now)
        elif not self.number:
            loop.begun = now

    def end(self, now):
        recorder = self.recorder
        stack = recorder.stack
        if stack and stack[-1] is not self:
            self.close_marked(stack, now)
        if recorder.optimizer:
            # A step that ended in an exception: torch calls no hook then.
            recorder.span(OPTIMIZER, recorder.optimizer, now, recorder.optimizer_site)
            recorder.optimizer = 0
        kind = int(recorder.on)
        layers = recorder.layers
        if layers is not None and layers.running is self:
            layers.over()
            kind |= SAMPLED
        recorder.record(ITERATION, self.loop.id, self.number, self.start, now, kind)
        self.start = 0

    def close_marked(self, stack, now):
        """Iterations that `mark` began inside this one end with it."""
        while stack and stack[-1] is not self and type(stack[-1]) is Marked:
            stack.pop().end(now)

    def leave(self):
        """The loop is over. What it was nested in goes on."""
        recorder = self.recorder
        if self.generation != self.tracer.generation:
            return
        if self.start:
            self.end(clock())
        stack = recorder.stack
        if self in stack:
            stack.remove(self)
        outer = stack[-1] if stack else None
        recorder.loop = outer.loop.id if outer else -1
        recorder.iteration = outer.number if outer else -1
        recorder.on = True


class ForRunning(Running):
    """A `for` loop."""

    def __init__(self, tracer, loop, begun):
        super().__init__(tracer, loop)
        self.begun = begun
        self.waiting = False
        self.waited_before = 0
        self.fetching = 0
        self.waits_for_data = loop.level != "epoch"
        self.arrivals = -1

    def waits(self):
        """A generator that is resumed before each item is fetched. It never raises."""
        recorder = self.recorder
        try:
            now = self.begun  # The first wait includes making the iterator (a loader starts its workers there).
            self.waited_before = clock() - now
            self.enter()
            while self.generation == self.tracer.generation:
                self.begin(now)
                if self.waits_for_data and not recorder.data:
                    recorder.data = now
                    self.waiting = True
                    if recorder.device is not None:
                        recorder.device.begin(DATA)
                if not self.number & SAMPLE_MASK:
                    recorder.own_time(now if now is not self.begun else clock())
                self.fetching = clock()
                yield
                now = clock()
        except Exception as error:
            self.tracer.hook_failed("loops", error)
        finally:
            self.over()
        while True:
            yield

    def arrived(self, _, item):
        """The item is there. Returns it."""
        try:
            if self.waiting:
                self.waiting = False
                recorder = self.recorder
                start = recorder.data
                recorder.data = 0
                now = clock()
                if recorder.on and start and now - self.fetching + self.waited_before >= LEAST_WAIT_NS:
                    recorder.span(DATA, start, now, self.loop.site)
                elif recorder.device is not None:
                    recorder.device.drop(DATA)
                self.waited_before = 0
                if not self.number & SAMPLE_MASK:
                    recorder.own_time(now)
            self.arrivals = self.number
            if self.loop.kind == "training":
                self.tracer.count_samples(item)
        except Exception as error:
            self.tracer.hook_failed("loops", error)
        return item

    def over(self):
        try:
            if self.start and self.arrivals != self.number:
                # The last wait brought no item: the loader was empty or failed. Time of the loop, but no iteration.
                recorder = self.recorder
                now = clock()
                if self.waiting and now - self.fetching + self.waited_before >= LEAST_WAIT_NS:
                    recorder.record(DATA, -1, -1, self.start, now, self.loop.site)
                if self.waiting and recorder.device is not None:
                    recorder.device.drop(DATA)
                recorder.data = 0
                self.loop.count -= 1
                self.start = 0
            self.leave()
        except Exception as error:
            self.tracer.hook_failed("loops", error)


class WhileRunning(Running):
    """A `while` loop: a call at the top of its body, and one in a `finally` around it."""

    def __init__(self, tracer, loop, frame):
        super().__init__(tracer, loop)
        self.frame = frame


class Marked(Running):
    """Iterations that the user marks."""


class Door:
    """What rewritten code calls, through `builtins`, so that no name is added to the user's modules.

    It looks like a dictionary: where the tracer is not there (code that was pickled by value and run elsewhere), an
    empty one stands in, and its default is what the source says: `iter` for a loop.
    """

    def __init__(self, tracer, prepare_main):
        self.tracer = tracer
        self.recorder = tracer.recorder
        self.prepare_main = prepare_main

    def get(self, key, default):
        """What to call at a place of the source.

        Args:
            key: ("for" | "while" | "left", path, line, end line, kind, level), ("call",) or ("main",).
            default: What to call where nothing is to be recorded.
        """
        try:
            what = key[0]
            if what == "main":
                return self.prepare_main
            if not self.recorder.active or get_ident() != self.recorder.main_thread:
                return default
            if what == "call":
                return self.tracer.compiled_call or default
            if what == "for":
                return default if debugging() else self.for_loop(key)
            return self.tick(key, default) if what == "while" else self.left(key, default)
        except Exception as error:
            self.tracer.hook_failed("loops", error)
            return default

    def for_loop(self, key):
        tracer = self.tracer
        tracer.before_loop()
        running = ForRunning(tracer, tracer.loop(key[1:]), clock())
        return partial(map, running.arrived, running.waits())

    def tick(self, key, default):
        now = clock()
        stack = self.recorder.stack
        loop = self.tracer.loop(key[1:])
        # get() stands between the loop and here.
        frame = id(sys._getframe(2))
        running = self.running(stack, loop, frame)
        if running is None:
            if debugging():
                return default
            self.tracer.before_loop()
            running = WhileRunning(self.tracer, loop, frame)
            running.enter()
        running.begin(now)
        if not running.number & SAMPLE_MASK:
            self.recorder.own_time(now)
        return default

    def left(self, key, default):
        running = self.running(self.recorder.stack, self.tracer.loop(key[1:]), id(sys._getframe(2)))
        if running is not None:
            running.leave()
        return default

    @staticmethod
    def running(stack, loop, frame):
        for running in reversed(stack):
            if running.loop is loop and type(running) is WhileRunning and running.frame == frame:
                return running
        return None


def debugging():
    """Whether a debugger or a coverage tool follows every line: one that steps would step into us."""
    if sys.gettrace() is not None:
        return True
    monitoring = getattr(sys, "monitoring", None)  # 3.12
    return monitoring is not None and monitoring.get_tool(monitoring.DEBUGGER_ID) is not None
