"""A stand-in for `torch.cuda` with one stream, driven by a schedule: work that is launched is done one after the other, an
event is passed when all before it is done, and the device's clock runs at another rate than the host's."""

import struct


class FakeCuda:
    """The functions of `torch.cuda` that the tracer uses.

    Args:
        clock: The host's clock, nanoseconds.
        rate: How fast the device's clock runs, against the host's.
        sleep: Called with nanoseconds where the program waits for the device.
    """

    def __init__(self, clock, rate=1.0, sleep=None):
        self.clock = clock
        self.rate = rate
        self.sleep = sleep
        self.free_at = 0
        self.waits = 0
        self.capturing = False
        self.events = 0
        cuda = self

        class Event:
            def __init__(self, enable_timing=False):
                assert enable_timing
                self.at = None
                cuda.events += 1

            def record(self):
                assert not cuda.capturing, "an event would become a part of the graph"
                self.at = cuda.free_at = max(cuda.clock(), cuda.free_at)

            def query(self):
                assert not cuda.capturing, "a question would spoil the graph"
                return cuda.clock() >= self.at

            def synchronize(self):
                cuda.waits += 1
                cuda.synchronize()

            def elapsed_time(self, other):
                assert self.query() and other.query()
                milliseconds = (other.at - self.at) * cuda.rate / 1e6
                return struct.unpack("f", struct.pack("f", milliseconds))[0]

        self.Event = Event

    def launch(self, nanoseconds):
        """Work of this length. Returns when the device begins and ends it, on the host's clock."""
        began = max(self.clock(), self.free_at)
        self.free_at = began + nanoseconds
        return began, self.free_at

    def synchronize(self):
        left = self.free_at - self.clock()
        if left > 0 and self.sleep:
            self.sleep(left)

    def is_initialized(self):
        return True

    def is_current_stream_capturing(self):
        return self.capturing

    def current_device(self):
        return 0

    def get_device_properties(self, device):
        class Properties:
            name = "NVIDIA Fake"
            uuid = "12345678-aaaa"

        return Properties

    def max_memory_allocated(self, device=0):
        return 123_456_789

    def device_count(self):
        return 1
