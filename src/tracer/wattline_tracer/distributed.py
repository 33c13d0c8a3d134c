"""Communication between ranks: the time for which a rank is held up in collectives and messages.

- The functions of `torch.distributed` are wrapped, in that module and in the one that defines them, so that `isend is
  isend` and pickling hold. A call is a span `communication` and a row `x`, numbered in its group: the ranks of a group
  call its collectives in one order, so equal numbers are the same collective on every rank.
- An asynchronous collective holds nobody up until its `Work.wait`, which is the span then; one that is never waited for
  is counted and leaves no row. Waits of other works (`isend`, `irecv`, pipeline schedules) are spans without a row.
- Buffers that `DistributedDataParallel` broadcasts in its forward go through `_broadcast_coalesced`; its gradients are
  seen in ddp.py.

With a back end of streams (NCCL) the host is not held up, and neither are these spans: the device is.
"""

import functools
import inspect
import sys
import types
from _thread import get_ident
from time import perf_counter_ns as clock

from . import identity
from .recorder import COMMUNICATION, SAMPLE_MASK
from .watched import Watched, ending

# Object collectives are made of these; the coalesced ones are deprecated, and their warning tells who called.
_COLLECTIVES = (
    "all_reduce", "all_gather", "all_gather_into_tensor", "all_to_all", "all_to_all_single", "barrier", "broadcast",
    "gather", "monitored_barrier", "reduce", "reduce_scatter", "reduce_scatter_tensor", "scatter",
)  # fmt: skip
_MESSAGES = ("send", "recv")
# Works that were started and not yet waited for; whoever starts more without waiting gets no rows of them.
_OPEN_LIMIT = 4096
# Rows beyond this are left out of a trace: the spans are bounded by themselves, these are not.
_ROWS_LIMIT = 500_000


class Communication:
    """Counts collectives by group and writes their rows.

    Attributes:
        works: Of asynchronous collectives that nobody has waited for yet: by the work's id.
    """

    def __init__(self, tracer, torch):
        self.tracer = tracer
        self.recorder = tracer.recorder
        self.distributed = torch.distributed
        self.works = {}
        self._sequences = {}
        self._labels = {}
        self._rows = 0

    def label(self, group):
        """The name of a group, the same on every rank of it; None where this process is not in it."""
        if group is None:
            group = self.distributed.group.WORLD
        known = self._labels.get(id(group))
        if known is None or known[0] is not group:
            name = getattr(group, "group_name", None)
            identity.remember_rank()
            if len(self._labels) >= _OPEN_LIMIT:
                self._labels.clear()
            known = self._labels[id(group)] = group, None if name is None else str(name)[:200]
        return known[1]

    def number(self, label):
        """The next number in a group. Counted in every iteration, thinned or not, and in every thread."""
        number = self._sequences.get(label, 0)
        self._sequences[label] = number + 1
        return number

    def held_up(self, start, now, site, row):
        """The main thread was held up from `start` to `now`.

        Args:
            row: (operation, group's label, number, bytes or -1), or None where the ranks cannot be matched.
        """
        recorder = self.recorder
        if not recorder.on or not recorder.active or get_ident() != recorder.main_thread:
            return
        if row is not None and self._rows < _ROWS_LIMIT:
            self._rows += 1
            name, label, number, size = row
            seconds = round(start * 1e-9, 6), round((now - start) * 1e-9, 6)
            self.tracer.writer.add(["x", name, recorder.iteration, *seconds, label, number, size])
            if self._rows == _ROWS_LIMIT:
                sentence = f"After {_ROWS_LIMIT} collectives, the ranks' waits for each other are no longer told apart."
                self.tracer.note("tracer-thinned", sentence)
        recorder.span(COMMUNICATION, start, now, site)
        if not recorder.count & SAMPLE_MASK:
            recorder.own_time(now)


def install(tracer, torch):
    """Wraps what `torch.distributed` offers. @raises where it is not as expected; nothing has been changed then."""
    distributed = torch.distributed
    if not distributed.is_available():
        return None
    communication = Communication(tracer, torch)
    where = sys.modules["torch.distributed.distributed_c10d"]
    is_compiling = torch.compiler.is_compiling
    for name in _COLLECTIVES + _MESSAGES:
        plain = getattr(distributed, name, None)
        if plain is None or where.__dict__.get(name) is not plain:
            continue
        wrapper = _wrapped(communication, name, plain, is_compiling)
        setattr(where, name, wrapper)
        setattr(distributed, name, wrapper)
    plain = getattr(distributed, "_broadcast_coalesced", None)
    if plain is not None:
        distributed._broadcast_coalesced = _wrapped_broadcast(communication, plain)
    distributed.Work.wait = _Wait(communication, distributed.Work.wait)
    tracer.communication = communication
    return communication


def _wrapped(communication, name, plain, is_compiling):
    recorder = communication.recorder
    places = list(inspect.signature(plain).parameters)
    group_at = places.index("group")
    peer = {"send": "dst", "recv": "src"}.get(name)
    is_message = peer is not None

    def row(args, kwargs):
        group = kwargs["group"] if "group" in kwargs else args[group_at] if len(args) > group_at else None
        label = communication.label(group)
        if label is None:
            return None
        if is_message:
            other = kwargs.get(peer, args[1] if len(args) > 1 else None)
            if other is None:
                return None  # Whoever sends first; or named by its rank in the group.
            mine = communication.distributed.get_rank()
            label = f"{mine}>{other}" if name == "send" else f"{other}>{mine}"
        return name, label, communication.number(label), _bytes_of(args[0] if args else None)

    @functools.wraps(plain)
    def collective(*args, **kwargs):
        # What torch.compile traces must stay free of us: there this is the constant True.
        if is_compiling() or recorder.communicating:
            return plain(*args, **kwargs)
        is_main = get_ident() == recorder.main_thread
        try:
            this = row(args, kwargs)
            site = communication.tracer.sites.of(sys._getframe(1)) if is_main and recorder.on else 0
        except Exception:
            this, site = None, 0
        if not is_main:
            return plain(*args, **kwargs)
        start = recorder.communicating = clock()
        work = None
        try:
            work = plain(*args, **kwargs)
            return work
        finally:
            now = clock()
            recorder.communicating = 0
            try:
                if work is not None and not is_message:
                    # Asynchronous: what it started is waited for later.
                    if this is not None and len(communication.works) < _OPEN_LIMIT:
                        communication.works[id(work)] = this
                else:
                    communication.held_up(start, now, site, this)
            except Exception:
                recorder.active = False

    return collective


def _wrapped_broadcast(communication, plain):
    recorder = communication.recorder

    @functools.wraps(plain)
    def broadcast(group, tensors, *args):
        if recorder.communicating or get_ident() != recorder.main_thread:
            return plain(group, tensors, *args)
        start = recorder.communicating = clock()
        try:
            return plain(group, tensors, *args)
        finally:
            now = clock()
            recorder.communicating = 0
            try:
                label = communication.label(group)
                row = label and ("broadcast", f"{label}/buffers", communication.number(f"{label}/buffers"), -1)
                communication.held_up(start, now, 0, row)
            except Exception:
                recorder.active = False

    return broadcast


def _bytes_of(payload):
    """Bytes of a tensor, or of a list of tensors; -1 for anything else."""
    try:
        if type(payload) is list:
            return sum(one.numel() * one.element_size() for one in payload[:1024])
        return payload.numel() * payload.element_size()
    except Exception:
        return -1


class _Wait(Watched):
    """`Work.wait`: seen without a frame of ours."""

    __slots__ = ("communication",)

    def __init__(self, communication, original):
        super().__init__(original)
        self.communication = communication

    def bind(self, instance):
        communication = self.communication
        recorder = communication.recorder
        plain = types.MethodType(self.original, instance)
        # A synchronous collective waits for its own work.
        if recorder.communicating or get_ident() != recorder.main_thread:
            return plain
        try:
            row = communication.works.pop(id(instance), None)
            site = communication.tracer.sites.of(sys._getframe(2)) if recorder.on else 0
            start = recorder.communicating = clock()

            def end():
                now = clock()
                recorder.communicating = 0
                communication.held_up(start, now, site, row)

            return ending(plain, end)
        except Exception:
            recorder.communicating = 0
            return plain
