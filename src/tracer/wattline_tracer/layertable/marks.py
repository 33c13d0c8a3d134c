"""Moments on the time line on which a layer's work goes on: the host's clock, or events on a CUDA stream.

Events are read when the device has passed the last of them, at the end of a later iteration: nothing waits.
"""

from time import perf_counter_ns


class HostMarks:
    """Work that is over when its call is."""

    now = staticmethod(perf_counter_ns)

    @staticmethod
    def passed(mark):
        """Whether the moment is behind us."""
        return True

    @staticmethod
    def between(first, last):
        """Nanoseconds."""
        return last - first


class CudaMarks:
    """Events on the current stream. A mark is None while a graph is captured: an event would become a part of it."""

    def __init__(self, cuda):
        self.cuda = cuda
        self.last = None

    def now(self):
        if self.cuda.is_current_stream_capturing():
            return None
        event = self.cuda.Event(enable_timing=True)
        event.record()
        self.last = event
        return event

    @staticmethod
    def passed(mark):
        return mark is None or mark.query()

    @staticmethod
    def between(first, last):
        try:
            return first.elapsed_time(last) * 1e6
        except Exception:  # A capture, or two devices: their clocks cannot be compared.
            return 0
