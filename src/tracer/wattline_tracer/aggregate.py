"""Iterations reported together, where each for itself would be too many: one row for some tenth of a second.

A row says how many iterations, from when to when, and how many seconds each phase took in them; the time of a span
inside another counts for the inner one only. Where phases were taken from a part of the iterations, their seconds are
scaled to the time of all, and a note has said so.
"""

# Iterations a second above which a loop's are reported together. At 500, with five phases, rows are 150 kB/s.
_RATE_LIMIT = 500
# A trace of this size is large enough: from here on a row a second.
_BYTES_LIMIT = 64_000_000
_WINDOW_NS = 100_000_000
_WINDOW_LATE_NS = 1_000_000_000


class Aggregator:
    """Decides a second at a time; keeps an open row for each loop.

    Attributes:
        loops: The loops whose rows are reported together.
        news: What the trace should note, or "".
    """

    def __init__(self):
        self.loops = {}
        self.news = ""
        self._told = False
        self._late = False
        self._stride = 1

    def decide(self, rates, written_bytes, stride):
        """Chooses the loops for the rows that come.

        Args:
            rates: Iterations a second by loop.
            written_bytes: The file's size so far.
            stride: Phases are taken from every stride-th iteration.
        """
        self._stride = stride
        self._late = written_bytes > _BYTES_LIMIT
        for loop, rate in rates.items():
            if loop not in self.loops and (rate > _RATE_LIMIT or stride > 1 or self._late):
                self.loops[loop] = _Open()
                if not self._told:
                    self._told = True
                    why = "The trace is large" if self._late else f"At {rate:.0f} iterations a second"
                    self.news = f"{why}: iterations are reported together."

    def span(self, code, loop, start, duration):
        """A span of an aggregated loop."""
        self.loops[loop].span(code, start, duration)

    def iteration(self, lines, names, loop, number, start, duration, sampled):
        """An iteration is over; its spans came before it. Writes a row when the window is full."""
        row = self.loops[loop]
        row.iteration(number, start, duration, sampled)
        full = start + duration - row.start >= (_WINDOW_LATE_NS if self._late else _WINDOW_NS)
        # Where phases come from a part of the iterations, every row has its share of that part.
        if full and row.count % self._stride == 0:
            self._write(lines, names, loop, row)

    def left_out(self, lines, names, loop):
        """An iteration that is reported by itself is over: a row ends before it, and the next begins after it."""
        row = self.loops[loop]
        if row.count:
            self._write(lines, names, loop, row)
        else:
            row.leave_out()

    def close(self, lines, names):
        """Writes what is open."""
        for loop, row in self.loops.items():
            if row.count:
                self._write(lines, names, loop, row)

    def _write(self, lines, names, loop, row):
        # By time, not by number: one iteration that was held up must not be multiplied.
        scale = row.total / row.sampled if row.sampled else 0
        seconds = ",".join(
            f"{names[code]}:{nanoseconds * scale * 1e-9:.6f}" for code, nanoseconds in sorted(row.phases.items())
        )
        duration = (row.end - row.start) * 1e-9
        lines.append(f'["a",{loop},{row.first},{row.count},{row.start * 1e-9:.6f},{duration:.6f},{{{seconds}}}]')
        self.loops[loop] = _Open()


class _Open:
    """A row that is being filled. Times in nanoseconds."""

    def __init__(self):
        self.first = self.start = self.end = -1
        self.count = 0
        self.total = self.sampled = 0  # of all iterations, and of those whose phases were taken
        self.phases = {}
        self._recent = []
        self._now = {}  # of the iteration that goes on

    def span(self, code, start, duration):
        """Spans come in the order of their ends: those inside of this one were here already."""
        recent = self._recent
        inner = 0
        while recent and recent[-1][0] >= start:
            inner += recent.pop()[1]
        recent.append((start, duration))
        self._now[code] = self._now.get(code, 0) + max(0, duration - inner)

    def iteration(self, number, start, duration, sampled):
        if not self.count:
            self.first, self.start = number, start
        self.count += 1
        self.total += duration
        self.sampled += duration if sampled else 0
        self.end = start + duration
        for code, nanoseconds in self._now.items():
            self.phases[code] = self.phases.get(code, 0) + nanoseconds
        self.leave_out()

    def leave_out(self):
        self._now.clear()
        self._recent.clear()
