"""What the hot path does: a span is five integers in a ring of bytes. Nothing here formats, writes, or takes a lock.

The ring is read by the writer's thread (writer.py): the main thread alone raises `count`, after the row is in place.
"""

import struct
from time import perf_counter_ns as clock

# Codes of phases; names that a user gives come after these, up to 250.
DATA, FORWARD, BACKWARD, OPTIMIZER, COMMUNICATION, OTHER = range(6)
PHASES = ("data", "forward", "backward", "optimizer", "communication", "other")
_NAMES_LIMIT = 250
# A row that is an iteration rather than a span.
ITERATION = 255
# What such a row says of its iteration: whether spans were recorded in it (1), whether layers were measured (2).
SAMPLED = 2

ROW = struct.Struct("<5q")
_ROW_BYTES = ROW.size
_pack_into = ROW.pack_into
# 32,768 rows: six seconds at a thousand iterations a second with five phases each; the writer comes by every second.
RING_ROWS = 1 << 15
_LAST = RING_ROWS - 1
# The writer is called early when a quarter of the ring has been filled since it was last called.
_CALL_ROWS = RING_ROWS >> 2

# One in sixteen of the tracer's own steps is timed. A step takes a microsecond or two: one that took this long was
# interrupted by another thread or program, whose time it is not.
SAMPLE_MASK = 15
_INTERRUPTED_NS = 50_000


class Recorder:
    """The state of one process's trace. All times are nanoseconds of CLOCK_MONOTONIC.

    Attributes:
        active: False once nothing is to be recorded any more.
        on: Whether spans are recorded in this iteration: False only where thinned (see `stride`).
        count: Rows recorded so far.
        ring: The last RING_ROWS rows.
        names: Phase names; the index is the code.
        stack: The loops that are open, outermost first.
        loop: Id of the innermost open loop, -1 outside.
        iteration: Its iteration, -1 outside.
        stride: Spans are recorded in every stride-th iteration.
        open: Start of the open span of each phase that frameworks report, 0 where none is open.
        communicating: Since when the main thread is in a call of `torch.distributed` (see distributed.py), or 0.
        computed, computed_row: When the gradients of this backward were computed and the wait for other ranks began,
            or 0; and what a row says of that wait (see ddp.py).
        device: Phases on the devices' own time lines (see devices.py), where the program uses some; else None.
        layers: What measures layers, in the iterations in which it does (see layertable); else None.
        updates: Steps of optimizers so far.
        samples, tokens: Items in the batches of training loops so far; their tokens, and those that were generated.
        cost_ns, cost_samples: The tracer's own steps that were timed.
    """

    def __init__(self, call_writer, main_thread):
        """
        Args:
            call_writer: Called without arguments by the main thread when the first row is there, and from time to time
                when many are.
            main_thread: The identity of the thread that is traced.
        """
        self._call_writer = call_writer
        self.main_thread = main_thread
        self.active = True
        self.names = list(PHASES)
        self._codes = {name: code for code, name in enumerate(PHASES)}
        self.ring = bytearray(RING_ROWS * ROW.size)
        self.stride = 1
        self.forget()

    def forget(self):
        """As new: in a forked child what was recorded belongs to the parent."""
        self.count = 0
        self._call_at = 0
        self.on = True
        self.stack = []
        self.loop = -1
        self.iteration = -1
        self.forward = 0
        self.backward = 0
        self.optimizer = 0
        self.optimizer_site = 0
        self.data = 0
        self.communicating = 0
        self.computed = 0
        self.computed_row = None
        self.device = None
        self.layers = None
        self.samples = 0
        self.tokens = 0
        self.updates = 0
        self.cost_ns = 0
        self.cost_samples = 0

    def record(self, code, loop, iteration, start, end, site):
        """One row. `code` is a phase or ITERATION; `site` is where it was called (see sites.py)."""
        count = self.count
        _pack_into(self.ring, (count & _LAST) * _ROW_BYTES, code | (loop + 1) << 8, iteration, start, end - start, site)
        self.count = count = count + 1
        if count > self._call_at:
            self._call_at = count + _CALL_ROWS
            self._call_writer()

    def span(self, code, start, end, site):
        """A span in the iteration that is open."""
        if self.device is not None:
            self.device.end(code, self.loop, self.iteration, site)
        self.record(code, self.loop, self.iteration, start, end, site)

    def code(self, name):
        """The code of a phase name; past 244 names of one's own they are all `other`."""
        code = self._codes.get(name)
        if code is None:
            code = OTHER
            if len(self.names) < _NAMES_LIMIT:
                code = len(self.names)
                self.names.append(name)
            self._codes[name] = code
        return code

    def own_time(self, since):
        """Adds a timed step of the tracer's own that began at `since`."""
        elapsed = clock() - since
        if elapsed < _INTERRUPTED_NS:
            self.cost_ns += elapsed
            self.cost_samples += 1

    def call_writer_again(self):
        """The next row calls the writer: its thread was stopped for a fork."""
        self._call_at = 0
