"""Phases on the time lines of CUDA devices: an event where a phase begins and one where it ends, read when the device has
passed them.

Nothing waits for the device, but once, where the first loop begins: there an event tells which moment of the device's
clock is which of the host's. Later events are placed by their distance to one that was read before; an event cannot come
before it was recorded, nor after it was seen to have passed, and where the two clocks drift apart that puts it right.
"""

from collections import deque
from time import perf_counter_ns as clock

# Events that are read at the beginning of an iteration: what is left is read at the next.
_READ_AT_ONCE = 64
# Phases the device has not come to yet; a program that never lets it catch up gets no rows for the rest.
_WAITING_LIMIT = 4096
# More rows than this a second are too many for the trace.
_RATE_LIMIT = 3000


class TimeLine:
    """All devices of this process; used by the main thread alone, as the recorder is.

    Args:
        cuda: The module `torch.cuda`, where CUDA is initialized.
    """

    def __init__(self, tracer, cuda):
        self.tracer = tracer
        self.rows = tracer.writer.device_rows
        self.cuda = cuda
        self.starts = {}
        self.waiting = deque()
        self.anchors = {}
        self.free = []
        self.enabled = True
        self.counted_from = clock()
        self.count = 0
        self._anchor(cuda.current_device())

    def begin(self, code):
        """A phase begins on the host."""
        if not self.enabled:
            return
        try:
            mark = self._mark()
            if mark is not None:
                self.starts.setdefault(code, []).append(mark)
        except Exception as error:
            self.fail(error)

    def end(self, code, loop, iteration, site):
        """It ends on the host; on the device it does when this event is passed."""
        starts = self.starts.get(code)
        if not starts or not self.enabled:
            return
        start = starts.pop()
        try:
            end = self._mark()
            if end is not None and end[1] == start[1] and len(self.waiting) < _WAITING_LIMIT:
                self.waiting.append((code, loop, iteration, site, start, end))
        except Exception as error:
            self.fail(error)

    def drop(self, code):
        """A phase that began turned out to be none."""
        starts = self.starts.get(code)
        if starts:
            starts.pop()

    def read(self):
        """Writes the phases that the devices have passed. Called where an iteration begins."""
        if not self.waiting or not self.enabled:
            return
        try:
            if self.cuda.is_current_stream_capturing():
                return  # Even a question to an event would spoil the graph that is being captured.
            for _ in range(_READ_AT_ONCE):
                if not self.waiting or not self.waiting[0][5][0].query():
                    return
                self._row(*self.waiting.popleft(), clock())
        except Exception as error:
            self.fail(error)

    def finish(self):
        """At the exit: what the devices have passed by now, without waiting for the rest. CUDA may be gone already."""
        self.tracer = None
        for _ in range(_WAITING_LIMIT // _READ_AT_ONCE + 1):
            before = len(self.waiting)
            self.read()
            if len(self.waiting) in (0, before):
                return

    def fail(self, error):
        self.enabled = False
        self.waiting.clear()
        if self.tracer is None:
            return
        sentence = f"Device times are not recorded: {type(error).__name__}: {str(error)[:200]}"
        self.tracer.note("tracer-hook-off", sentence)

    def _mark(self):
        """(event, device, when it was recorded), or None while a graph is captured: it would become a part of it."""
        cuda = self.cuda
        if cuda.is_current_stream_capturing():
            return None
        device = cuda.current_device()
        if device not in self.anchors:
            self._anchor(device)
        event = self.free.pop() if self.free else cuda.Event(enable_timing=True)
        now = clock()
        event.record()
        return event, device, now

    def _anchor(self, device):
        """The one wait: the device's clock and the host's at the same moment, and which device it is."""
        event = self.cuda.Event(enable_timing=True)
        event.record()
        event.synchronize()
        self.anchors[device] = [event, clock()]
        properties = self.cuda.get_device_properties(device)
        uuid = str(getattr(properties, "uuid", None) or "")
        self.tracer.writer.add(["u", device, "cuda", str(properties.name)[:200], uuid[:100]])

    def _row(self, code, loop, iteration, site, start, end, seen):
        first, device, recorded = start
        last, _, ended = end
        began = self._place(first, device, recorded, seen)
        over = self._place(last, device, ended, seen)
        self.rows.append((code, iteration, device, began, max(0, over - began), site, loop))
        # The last becomes the anchor of those that come: distances stay short, and drift is put right as it grows.
        old = self.anchors[device][0]
        self.anchors[device] = [last, over]
        # Events of a pool of their own: none is recorded again while it is an anchor.
        self.free.extend((first, old) if old is not first else (first,))
        self._watch_rate(seen)

    def _place(self, event, device, recorded, seen):
        """Nanoseconds of the host's clock at which the device passed an event. What was impossible moves the anchor."""
        anchor = self.anchors[device]
        moment = anchor[1] + int(anchor[0].elapsed_time(event) * 1e6)
        possible = min(max(moment, recorded), seen)
        anchor[1] += possible - moment
        return possible

    def _watch_rate(self, now):
        self.count += 1
        if now - self.counted_from > 1_000_000_000:
            self.counted_from, self.count = now, 0
        elif self.count > _RATE_LIMIT:
            self.enabled = False
            self.waiting.clear()
            if self.tracer is None:
                return
            sentence = f"More than {_RATE_LIMIT} phases a second: device times are not recorded any more."
            self.tracer.note("tracer-thinned", sentence)
