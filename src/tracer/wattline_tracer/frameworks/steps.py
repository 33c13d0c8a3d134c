"""Iterations of a loop that is a framework's own: it is reported at the user's line that called the framework.

A framework says by the methods that it calls where it is. They are watched by descriptors (see watched.py), so that no
frame of ours stands in a traceback through them, and no callback is added to the user's list.
"""

import sys
import types
from _thread import get_ident
from time import perf_counter_ns as clock

from ..loops import LEAST_WAIT_NS, Running
from ..recorder import DATA, SAMPLE_MASK
from ..sites import line_of, path_number
from ..watched import Watched, ending


class Steps(Running):
    """One call of a framework that iterates: a `fit`, an `evaluate`.

    Its loop is on the recorder's stack from its first iteration on, and its own iteration is open between `ask` and
    the next `ask` or `rest`.
    """

    def __init__(self, tracer, frame, kind):
        """`frame` is the caller's; `kind` is training, evaluation or inference."""
        super().__init__(tracer, _loop_at(tracer, frame, kind))
        self.entered = False
        self.empty = False  # An iteration is open, and its item has not come.
        self.waiting = False  # The data phase is open.

    @property
    def current(self):
        """Whether it belongs to this process and is the innermost loop."""
        stack = self.recorder.stack
        return self.generation == self.tracer.generation and (not self.entered or (bool(stack) and stack[-1] is self))

    def ask(self, now, data=True):
        """The next iteration begins with the wait for its item; the one before ends. `data`: that wait is a span."""
        if self.empty:
            return
        if not self.entered:
            self.tracer.before_loop()
            self.enter()
            self.entered = True
        recorder = self.recorder
        self.begin(now)
        self.empty = True
        if data and not recorder.data:
            recorder.data = now
            self.waiting = True
            if recorder.device is not None:
                recorder.device.begin(DATA)
        if not self.number & SAMPLE_MASK:
            recorder.own_time(now)

    def got(self, now):
        """The item is there. Without an iteration that asked for it one begins now."""
        if not self.empty:
            self.ask(now, data=False)
        self.empty = False
        self._data(now)

    def rest(self, now):
        """The open iteration ends, and no other begins. One whose item never came is none."""
        recorder = self.recorder
        if self.empty:
            self.empty = False
            self._data(now)
            self.loop.count -= 1
            self.start = 0
        elif self.start:
            self.end(now)
        stack = recorder.stack
        if self.entered and stack and stack[-1] is self:
            outer = stack[-2] if len(stack) > 1 else None
            recorder.loop = outer.loop.id if outer else -1
            recorder.iteration = outer.number if outer and outer.start else -1

    def close(self):
        """The call is over, in whatever way."""
        if self.generation == self.tracer.generation and self.entered:
            self.rest(clock())
            self.leave()

    def _data(self, now):
        if self.waiting:
            self.waiting = False
            recorder = self.recorder
            start, recorder.data = recorder.data, 0
            if recorder.on and start and now - start >= LEAST_WAIT_NS:
                recorder.span(DATA, start, now, self.loop.site)
            elif recorder.device is not None:
                recorder.device.drop(DATA)


def _loop_at(tracer, frame, kind):
    site = tracer.sites.of(frame)
    if site:
        path, line = tracer.sites.paths[path_number(site)], line_of(site)
    else:  # No user's code calls it: a framework's own command line.
        path, line = frame.f_code.co_filename, frame.f_lineno
    return tracer.loop((path, max(line, 1), max(line, 1), kind, "batch"))


class _Seen(Watched):
    """A watched method; a fault of ours takes it off and leaves a note."""

    __slots__ = ("tracer", "owner", "attribute", "title")

    def __init__(self, tracer, owner, attribute, title):
        original = owner.__dict__[attribute]
        if not isinstance(original, types.FunctionType):
            raise TypeError(f"{owner.__name__}.{attribute} is no function")
        super().__init__(original)
        self.tracer = tracer
        self.owner = owner
        self.attribute = attribute
        self.title = title
        setattr(owner, attribute, self)

    def bind(self, instance):
        plain = types.MethodType(self.original, instance)
        recorder = self.tracer.recorder
        if not recorder.active or get_ident() != recorder.main_thread:
            return plain
        try:
            return self.called(plain, instance, sys._getframe(2))
        except Exception as error:
            self.off(error)
            return plain

    def called(self, plain, instance, frame):
        """The method for one call. `frame` is the caller's."""
        raise NotImplementedError

    def off(self, error):
        if self.owner.__dict__.get(self.attribute) is self:
            setattr(self.owner, self.attribute, self.original)
        note_off(self.tracer, self.title, error)


class Event(_Seen):
    """Tells of each call of a method, right before it: `happened(instance, frame)`."""

    __slots__ = ("happened",)

    def __init__(self, tracer, owner, attribute, title, happened):
        self.happened = happened
        super().__init__(tracer, owner, attribute, title)

    def called(self, plain, instance, frame):
        self.happened(instance, frame)
        return plain


class Call(_Seen):
    """Tells of each call of a method and of its end: `begun(instance, frame)` gives what to call then, or None."""

    __slots__ = ("begun",)

    def __init__(self, tracer, owner, attribute, title, begun):
        self.begun = begun
        super().__init__(tracer, owner, attribute, title)

    def called(self, plain, instance, frame):
        end = self.begun(instance, frame)
        if end is None:
            return plain

        def over():
            try:
                end()
            except Exception as error:
                self.off(error)

        return ending(plain, over)


class Outermost:
    """A phase that calls of several functions make; a call inside another is a part of that."""

    def __init__(self, tracer, name, least_ns):
        """Spans below `least_ns` nanoseconds are none."""
        self.tracer = tracer
        self.name = name
        self.least_ns = least_ns
        self.open_in = -1  # The tracer's generation in which one is open.

    def begin(self, instance, frame):
        """For `Call` and `Function`: what to call at the end, or None."""
        tracer = self.tracer
        if self.open_in == tracer.generation:
            return None
        self.open_in = tracer.generation
        site = tracer.sites.of(frame)
        since = clock()

        def end():
            now = clock()
            if self.open_in != tracer.generation:
                return
            self.open_in = -1
            recorder = tracer.recorder
            if recorder.active and recorder.on and now - since >= self.least_ns:
                recorder.span(recorder.code(self.name), since, now, site)
                if not recorder.count & SAMPLE_MASK:
                    recorder.own_time(now)

        return end


class _CallOfFunction(Watched):
    __slots__ = ()

    def bind(self, function):
        plain, phase = function.__wrapped__, function.phase
        recorder = phase.tracer.recorder
        if not recorder.active or get_ident() != recorder.main_thread:
            return plain
        try:
            end = phase.begin(None, sys._getframe(2))
        except Exception:
            return plain
        return plain if end is None else ending(plain, end)


class Function:
    """Stands for a function whose calls are a phase, with no frame of ours between: Python looks `__call__` up in the
    class, right before the call, and calls what it is given.
    """

    __call__ = _CallOfFunction(None)

    def __init__(self, phase, function):
        self.__dict__.update(getattr(function, "__dict__", {}))
        self.__wrapped__ = function
        self.phase = phase
        for name in ("__doc__", "__module__", "__name__", "__qualname__"):
            if hasattr(function, name):
                setattr(self, name, getattr(function, name))

    def __repr__(self):
        return repr(self.__wrapped__)

    def __reduce__(self):
        return self.__qualname__


def note_off(tracer, title, error):
    """One line in the trace: a hook was switched off."""
    sentence = f"The hook for {title} was switched off: {type(error).__name__}: {str(error)[:200]}"
    tracer.note("tracer-hook-off", sentence)


def locals_of(frame, *names):
    """Local variables of a running function; None for one that it has not.

    Until Python 3.12 reading them leaves a copy in the frame, which would keep what it names alive: it is emptied.
    """
    if sys.gettrace() is not None:
        return [None] * len(names)  # A debugger may have changed variables in that copy.
    variables = frame.f_locals
    values = [variables.get(name) for name in names]
    if type(variables) is dict and variables is not frame.f_globals:
        variables.clear()
    return values
