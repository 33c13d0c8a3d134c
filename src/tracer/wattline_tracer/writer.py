"""Writes the trace: a thread that comes by once a second, so that a process that is killed loses a second at most.

The thread is none of `threading`'s (a program that counts its threads counts its own), takes no signals, is never
waited for at exit for longer than half a second, and is stopped for the time of a fork. The file is made with the
first row: a Python that trains nothing leaves none.
"""

import _signal
import os
from _thread import allocate_lock, get_native_id, start_new_thread
from time import sleep, thread_time_ns

from . import identity
from .aggregate import Aggregator
from .jsonrow import quoted, row_of
from .recorder import ITERATION, RING_ROWS, ROW, SAMPLED, clock
from .sites import line_of, path_number

_PERIOD_S = 1.0
_WAIT_S = 0.5
_OWN_COST_EVERY_S = 10.0
# Rows this far behind may be overwritten while they are read.
_MARGIN_ROWS = 256
# Past this the tracer takes spans of fewer iterations.
_COST_LIMIT = 0.02
_MAX_STRIDE = 1024
# A second's cost says little while a program starts up.
_SETTLED_S = 3.0


class Writer:
    """The file, the thread, and the rows that are not spans."""

    def __init__(self, plan, recorder, sites):
        self.plan = plan
        self.recorder = recorder
        self.sites = sites
        self.forget()

    def forget(self):
        """As new, for a forked child: the parent's file is the parent's."""
        file = getattr(self, "file", None)
        if file is not None:
            os.close(file)
        self.file = None
        self.bytes = 0
        self.pending = []
        self.device_rows = []
        self.written = 0
        self.path_names = {}
        self.path = -1
        self.aggregator = Aggregator()
        self.counters = {}
        self.own_ns = 0
        self.thinned = False
        self.first_ns = self.last_ns = self.cost_told_ns = 0
        self.watched_ns = self.watched_cost_ns = 0
        self.running = False
        self.stopping = False
        self.thread = 0
        self.wake = allocate_lock()
        self.done = allocate_lock()

    def add(self, row):
        """A row that is not a span, by any thread; written before the spans that are recorded after it."""
        self.pending.append(row)

    # The thread.

    def call(self):
        """Starts the thread, or wakes it."""
        if not self.running:
            self.wake = allocate_lock()
            self.wake.acquire()
            self.done = allocate_lock()
            self.done.acquire()
            self.stopping = False
            self.running = True
            start_new_thread(self._run, (self.wake, self.done))
        elif self.wake.locked():
            self._release(self.wake)

    def pause(self):
        """Stops the thread, after it wrote what is there. Waits half a second at most."""
        if self.running:
            self.stopping = True
            self._release(self.wake)
            if self.done.acquire(True, _WAIT_S):
                self.running = False
                self._gone()

    def _gone(self):
        """Waits, ten milliseconds at most, until the operating system has let go of the thread, too."""
        task = f"/proc/self/task/{self.thread}"
        for _ in range(100):
            if not os.path.exists(task):
                return
            sleep(1e-4)

    def finish(self):
        """The end of an orderly exit."""
        self.pause()
        if self.running or (self.file is None and self.recorder.count == 0 and not self.pending):
            return
        self._flush(last=True)

    @staticmethod
    def _release(lock):
        try:
            lock.release()
        except RuntimeError:
            pass  # Another call was quicker.

    def _run(self, wake, done):
        self.thread = get_native_id()
        try:
            _signal.pthread_sigmask(_signal.SIG_BLOCK, _signal.valid_signals())
        except (AttributeError, ValueError, OSError):
            pass
        try:
            while not self.stopping:
                wake.acquire(True, _PERIOD_S)
                began = thread_time_ns()
                self._flush()
                self.own_ns += thread_time_ns() - began
        except Exception:
            self.recorder.active = False  # A full disk, a folder that is gone: no more trace.
        finally:
            self._release(done)

    # The rows.

    def _flush(self, last=False):
        recorder = self.recorder
        count = recorder.count
        now = clock()
        if self.file is None and not self._open():
            recorder.active = False
            return
        lines = []
        while self.pending:  # The main thread may add to the list meanwhile.
            lines.append(row_of(self.pending.pop(0)))
        lost = count - self.written - (RING_ROWS - _MARGIN_ROWS)
        if lost > 0:
            self.written += lost
            self._note(lines, "tracer-thinned", f"{lost} spans came faster than they could be written and were lost.")
        self._rows(lines, count, last)
        self._watch_cost(lines, now)
        if last or now - self.cost_told_ns > _OWN_COST_EVERY_S * 1e9:
            self.cost_told_ns = now
            calls, seconds = self.own_cost()
            lines.append(f'["o",{calls},{seconds:.6f}]')
            self._memory()
        self._count("samples", recorder.samples or None)
        self._count("tokens", recorder.tokens or None)
        self._counters(lines, now)
        if last:
            lines.append(f'["e",{clock() / 1e9:.6f}]')
        self.last_ns = now
        if lines:
            self._write("\n".join(lines) + "\n")

    def _rows(self, lines, count, last):
        recorder = self.recorder
        first, self.written = self.written, count
        aggregator = self.aggregator
        aggregator.decide(self._iterations(first, count), self.bytes, recorder.stride)
        if aggregator.news:
            self._note(lines, "tracer-thinned", aggregator.news)
            aggregator.news = ""
        names = [quoted(name) for name in recorder.names]
        for code, iteration, start, duration, site in _between(recorder.ring, first, count):
            loop = (code >> 8) - 1
            code &= 255
            if loop in aggregator.loops:
                if code == ITERATION and site & SAMPLED:
                    # It took longer than the others, with which it must not be mixed.
                    aggregator.left_out(lines, names, loop)
                    lines.append('["i",%d,%d,%.6f,%.6f,1]' % (loop, iteration, start * 1e-9, duration * 1e-9))
                elif code == ITERATION:
                    aggregator.iteration(lines, names, loop, iteration, start, duration, site)
                else:
                    aggregator.span(code, loop, start, duration)
            elif code == ITERATION:
                mark = ",1" if site & SAMPLED else ""
                lines.append('["i",%d,%d,%.6f,%.6f%s]' % (loop, iteration, start * 1e-9, duration * 1e-9, mark))
            else:
                if site and path_number(site) != self.path:
                    self._path(lines, path_number(site))
                of_loop = ",%d" % loop if loop >= 0 else ""
                row = (names[code], iteration, start * 1e-9, duration * 1e-9, line_of(site), of_loop)
                lines.append('["s",%s,%d,%.6f,%.6f,%d%s]' % row)
        self._device_rows(lines, names)
        if last:
            aggregator.close(lines, names)

    def _iterations(self, first, count):
        """Iterations a second of each loop in these rows."""
        rates = {}
        # Half a second at least: a program that ends after a handful of iterations has no rate to speak of.
        seconds = max((clock() - (self.last_ns or self.plan.started_ns)) / 1e9, 0.5)
        for code, *_ in _between(self.recorder.ring, first, count):
            if code & 255 == ITERATION:
                loop = (code >> 8) - 1
                rates[loop] = rates.get(loop, 0) + 1 / seconds
        return rates

    def _device_rows(self, lines, names):
        while self.device_rows:  # The main thread may add to the list meanwhile.
            code, iteration, device, start, duration, site, loop = self.device_rows.pop(0)
            if site and path_number(site) != self.path:
                self._path(lines, path_number(site))
            row = (names[code], iteration, device, start * 1e-9, duration * 1e-9, line_of(site), loop)
            lines.append('["d",%s,%d,%d,%.6f,%.6f,%d,%d]' % row)

    def _path(self, lines, number):
        self.path = number
        known = self.path_names.get(number)
        if known is None:
            self.path_names[number] = len(self.path_names)
            lines.append(row_of(["p", self.sites.paths[number]]))
        else:
            lines.append(f'["p",{known}]')

    def own_cost(self):
        """Steps of the tracer's own (a beginning or an end of a span) and the seconds that they and this thread took."""
        recorder = self.recorder
        steps = 2 * recorder.count
        mean_ns = recorder.cost_ns / recorder.cost_samples if recorder.cost_samples else 0
        return steps, (steps * mean_ns + self.own_ns) / 1e9

    def _watch_cost(self, lines, now):
        """Past the limit, spans are taken from every second, fourth, eighth … iteration only."""
        recorder = self.recorder
        if not self.watched_ns:
            self.first_ns = self.watched_ns = now
        elapsed = now - self.watched_ns
        if elapsed < _PERIOD_S * 0.5e9:
            return
        cost_ns = self.own_cost()[1] * 1e9
        share = (cost_ns - self.watched_cost_ns) / elapsed
        self.watched_ns, self.watched_cost_ns = now, cost_ns
        settled = now - self.first_ns > _SETTLED_S * 1e9
        if settled and share > _COST_LIMIT and recorder.iteration >= 0 and recorder.stride < _MAX_STRIDE:
            recorder.stride *= 2
            if not self.thinned:
                self.thinned = True
                sentence = f"Tracing took {share:.1%} of the time; phases are now taken from a part of the iterations."
                self._note(lines, "tracer-thinned", sentence)

    def _note(self, lines, code, sentence):
        lines.append(row_of(["n", code, sentence]))

    def _count(self, name, value):
        if value is not None and self.counters.get(name, (None,))[0] != value:
            self.counters[name] = (value, False)

    def count(self, name, value):
        """A counter's new value; written when it changed."""
        self._count(name, value)

    def _counters(self, lines, now):
        for name, (value, told) in list(self.counters.items()):
            if not told:
                self.counters[name] = (value, True)
                lines.append('["c",%s,%.6f,%d]' % (quoted(name), now * 1e-9, value))

    def _memory(self):
        self._count("peak_memory_bytes", identity.peak_memory_bytes())

    # The file.

    def _open(self):
        if identity.is_data_worker():
            return False
        rank, size, local = identity.rank_of_process()
        base = os.path.join(self.plan.folder, f"rank-{max(rank, 0)}-{os.getpid()}")
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_CLOEXEC", 0)
        for path in (f"{base}.jsonl", f"{base}-2.jsonl", f"{base}-3.jsonl"):
            try:
                self.file = os.open(path, flags, 0o600)
            except FileExistsError:
                continue  # A process that replaced itself (exec) keeps its pid.
            except OSError:
                return False
            import json

            self._write(json.dumps(identity.header(self.plan.started_ns, rank, size, local)) + "\n")
            return True
        return False

    def _write(self, text):
        data = text.encode("ascii")
        self.bytes += len(data)
        while data:
            data = data[os.write(self.file, data) :]


def _between(ring, first, count):
    """The rows from `first` to before `count`, oldest first."""
    begin, end = first % RING_ROWS * ROW.size, count % RING_ROWS * ROW.size
    if count - first <= 0:
        return
    if end > begin:
        pieces = (bytes(ring[begin:end]),)
    else:
        pieces = (bytes(ring[begin:]), bytes(ring[:end]))
    for piece in pieces:
        yield from ROW.iter_unpack(piece)
