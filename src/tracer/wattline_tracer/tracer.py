"""The tracer of one process: what is recorded, what writes it, and what happens on a fork, at the exit, on a fault."""

import atexit
import builtins
import os
import sys
from _thread import get_ident

import wattline_tracer

from . import identity, mainscript
from .loops import NEVER, Door, Loop, Marked
from .phases import Backend
from .recorder import Recorder, clock
from .sites import Sites
from .writer import Writer

# A hook that fails in a loop must not fill the trace.
_NOTES_LIMIT = 100

# Where arrays come from whose `shape` is known to be no more than that.
_ARRAYS = ("torch", "numpy", "jaxlib", "jax")


def _shape(value):
    """The shape of an array, () for anything else: nobody else's attributes are asked for."""
    for base in type(value).__mro__:
        if base.__module__.partition(".")[0] in _ARRAYS:
            shape = value.shape
            return shape if all(type(size) is int for size in shape) else ()
    return ()


class Tracer:
    """Made once a process, by the main thread, when a loop was found or a framework was imported.

    Attributes:
        generation: Raised in a forked child, so that what runs there on behalf of the parent's trace stops.
        reinstall: Functions that put hooks back which somebody else took out; called where a loop begins.
    """

    def __init__(self, plan):
        self.plan = plan
        self.generation = 0
        self.reinstall = []
        self.tensor = None  # torch.Tensor, once there is torch
        self.compiled_call = None  # What to ask at a call of a compiled function, once there is JAX.
        self.communication = None
        self.births = None
        self._sampler = None
        self._no_devices = False
        self._will_finish = False
        self._loops = {}
        self._notes = 0
        self.sites = Sites()
        self.recorder = Recorder(self._call_writer, plan.main_thread)
        self.writer = Writer(plan, self.recorder, self.sites)
        self.backend = wattline_tracer._backend = Backend(self)
        atexit.register(self.finish)
        os.register_at_fork(
            before=self._before_fork, after_in_parent=self._after_fork_in_parent, after_in_child=self._after_fork
        )

    def open_door(self):
        """Rewritten code finds its way here from now on."""
        if not hasattr(builtins, "_wattline"):
            builtins._wattline = Door(self, mainscript.prepare)

    def loop(self, place):
        """The loop at a place of the source: (path, line, end line, kind, level)."""
        loop = self._loops.get(place)
        if loop is None:
            path, line, end_line, kind, level = place
            site = (self.sites.number(path) + 1) << 24 | line
            loop = self._loops[place] = Loop(len(self._loops), path, line, end_line, kind, level, site)
        return loop

    def declare(self, loop, parent):
        """Writes the loop's row, before the first of its iterations. `parent` is a loop's id or -1."""
        loop.declared = True
        self.writer.add(["l", loop.id, loop.path, loop.line, loop.end_line, loop.kind, parent, loop.level])

    def before_loop(self):
        for put_back in self.reinstall:
            put_back()
        if self.recorder.device is None and self.tensor is not None and not self._no_devices:
            self.find_devices()

    def find_devices(self):
        """From where a program uses CUDA, its phases are recorded on the devices' time lines, too."""
        try:
            torch = sys.modules["torch"]
            if torch.cuda.is_initialized():
                from .devices import TimeLine

                self.recorder.device = TimeLine(self, torch.cuda)
        except Exception as error:
            self._no_devices = True
            self.note("tracer-hook-off", f"Device times are not recorded: {type(error).__name__}: {str(error)[:200]}")

    def count_samples(self, batch):
        """Adds what a batch holds: items, the first dimension of its first array; tokens, where it names `input_ids`."""
        for _ in range(3):
            kind = type(batch)
            if kind in (tuple, list) and batch:
                # enumerate() puts a number first.
                batch = batch[1] if len(batch) > 1 and type(batch[0]) is int else batch[0]
            elif kind is dict or kind.__name__ in ("BatchEncoding", "BatchFeature"):
                tokens = _shape(batch.get("input_ids"))
                if len(tokens) == 2:
                    self.recorder.tokens += tokens[0] * tokens[1]
                batch = next(iter(batch.values()), None)
            else:
                shape = _shape(batch)
                if shape:
                    self.recorder.samples += shape[0]
                return

    def traces_here(self):
        """Whether what this thread does now is recorded."""
        return self.recorder.active and get_ident() == self.recorder.main_thread

    def sample_layers(self, running, now):
        """An iteration begins in which layers may be measured (see layertable)."""
        loop = running.loop
        # `torch.compile` may have taken hooks out in the iteration before.
        self.before_loop()
        try:
            torch = sys.modules.get("torch")
            if self.births is None or not hasattr(torch, "nn"):
                loop.sample_at = NEVER
            elif self.recorder.layers is None:
                if self._sampler is None:
                    from .layertable.sampler import Sampler

                    self._sampler = Sampler(self, torch, self.births)
                loop.sample_at = self._sampler.asked(running, now)
        except Exception as error:
            loop.sample_at = NEVER
            self.note("tracer-hook-off", f"Layers are not measured: {type(error).__name__}: {str(error)[:200]}")

    def note(self, code, sentence):
        """A row for the report to show. Nothing reaches the user's output."""
        self._notes += 1
        if self._notes <= _NOTES_LIMIT:
            self.writer.add(["n", code, sentence])

    def hook_failed(self, name, error):
        """The loops' own fault: nothing more is recorded in this process."""
        self.recorder.active = False
        self.note("tracer-hook-off", f"{name} was switched off: {type(error).__name__}: {str(error)[:200]}")
        self._call_writer()

    def finish(self):
        """At an orderly exit: what is left is written, and the end. Waits for half a second at most."""
        try:
            for running in reversed(self.recorder.stack):
                if type(running) is Marked and running.start:
                    running.end(clock())
            if self.recorder.device is not None:
                self.recorder.device.finish()
            self.writer.finish()
        except Exception:
            pass

    def _call_writer(self):
        try:
            self._finish_with_multiprocessing()
            self.writer.call()
        except Exception:
            self.recorder.active = False

    def _finish_with_multiprocessing(self):
        """A child that `multiprocessing` forked runs its finalizers at the end, and no exit handlers."""
        util = sys.modules.get("multiprocessing.util")
        if util is not None and not self._will_finish and os.getpid() != self.plan.pid:
            self._will_finish = True
            util.Finalize(None, self.finish, exitpriority=-1000)

    def _before_fork(self):
        # A fork beside a thread is a risk that the program would not have without us (Python 3.12 warns of it).
        try:
            self.writer.pause()
        except Exception:
            self.recorder.active = False

    def _after_fork_in_parent(self):
        self.recorder.call_writer_again()

    def _after_fork(self):
        """In the child: a trace of its own, which exists once it trains."""
        self.generation += 1
        self._will_finish = False
        self._loops = {}
        identity.forget_rank()
        self._sampler = None
        self.plan.main_thread = self.recorder.main_thread = get_ident()
        self.recorder.forget()
        try:
            self.writer.forget()
        except Exception:
            self.recorder.active = False
