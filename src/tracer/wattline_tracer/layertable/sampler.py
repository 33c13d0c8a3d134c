"""The iterations in which layers are measured: one in which operations are counted, then a few in which calls are timed.

During such an iteration every call of a module passes through `run`, and the nodes of the autograd graph that a call
made have hooks that tell when they begin and end; numbers of the nodes (PyTorch counts them) say which call made which.
Time belongs to the innermost layer, so that the layers' times add up. After the iteration nothing of this is left.
"""

import sys
import weakref
from _thread import get_ident
from bisect import bisect_right

from ..loops import NEVER
from .backward import Backward
from .counting import Work, counting_mode, size_of, tensors_in
from .layer import Layer, Places
from .marks import CudaMarks, HostMarks
from .table import Table

# The first to be sampled: earlier ones allocate, choose algorithms, compile.
_FIRST = 8
# Or the first after this time, for iterations that take long.
_SLOW_NS = 5_000_000_000
_EARLIEST = 3
# Iterations in which no module was called, until no more are looked at.
_ATTEMPTS = 3
# Between the timed iterations of a loop; then no more.
_TIMED_AT = (10, 20, 40, 80, 160)


class Call:
    """A call of a layer's, or the work of a node of its backward.

    Attributes:
        layer: Whose.
        key: Shape and mode of the call: calls with the same key compute the same.
        passing: `forward` or `backward`; computing activations again is part of a backward.
        origin: Of a node, the call that made it; else None.
        work, back: What is counted for it and for its backward.
        inputs, outputs: Bytes of the tensors that it was given and gave.
        shapes, dtype: Of the first of them.
        went_back: Whether a backward of it was seen; `wants_gradient`: whether that asks for the input's gradient.
        mode: Whether the counting mode was entered with it.
        compiled: Whether it runs code of `torch.compile`: what is inside is not looked at.
    """

    __slots__ = (
        "layer", "key", "passing", "origin", "work", "back", "inputs", "outputs", "shapes", "dtype", "went_back", "mode",
        "wants_gradient", "compiled",
    )  # fmt: skip

    def __init__(self, layer, key, passing, origin=None):
        self.layer = layer
        self.key = key
        self.passing = passing
        self.origin = origin
        self.work = self.back = None
        self.inputs = self.outputs = 0
        self.shapes = ((), ())
        self.dtype = ""
        self.went_back = self.mode = self.wants_gradient = self.compiled = False


class Sampler:
    """Made when the first iteration is to be sampled. All its work is done by the main thread.

    Attributes:
        active: Whether an iteration is being sampled.
    """

    def __init__(self, tracer, torch, births):
        self.tracer = tracer
        self.torch = torch
        self.tensor = torch.Tensor
        self.births = births
        self.original = tracer.call_module
        self.active = False
        self.failed = False
        self.counted = False
        self.attempts = 0
        self.trains = False
        self.running = None
        self.layers = {}
        self.roots = {}
        self.places = Places(torch)
        self.table = Table(tracer, births)
        self.pending = []
        self.sequence = torch._C._autograd._get_sequence_nr
        self.current_mode = torch.utils._python_dispatch._get_current_dispatch_mode
        self.mode = None
        self.mode_depth = 0
        self.outside = Work()

    # Which iterations.

    def asked(self, running, now):
        """An iteration begins whose number says that it may be time.

        Returns:
            The number of the loop's iteration at which to ask again.
        """
        self.read()
        number = running.number
        if running.loop.kind != "training" and self.trains:
            return NEVER
        self.trains = self.trains or running.loop.kind == "training"
        if not self.counted:
            if number < _FIRST and (number < _EARLIEST or now - running.loop.begun < _SLOW_NS):
                return number + 1
            self.attempts += 1
            self.begin(running, counting=True)
            return number + 1 if self.attempts < _ATTEMPTS else NEVER
        self.begin(running, counting=False)
        return next((at for at in _TIMED_AT if at > number), NEVER)

    def begin(self, running, counting):
        self.running = running
        self.stack = []
        self.segments = []
        self.calls = []
        # From which number on nodes belong to which call.
        self.bounds = []
        self.owners = []
        self.since = 0
        self.marks = None
        self.compiled = False
        self.mode = counting_mode(self.torch, self.work) if counting else None
        self.outside = Work()
        self.backward = Backward(self)
        self.active = True
        self.tracer.recorder.layers = self

    def over(self):
        """The iteration ends: everything is put back, and its rows are written when the device has done its work."""
        self.active = False
        self.tracer.recorder.layers = None
        while self.mode_depth:
            self.leave_mode()
        self.backward.remove()
        if self.failed:
            return
        if self.mode is not None:
            self.counted = bool(self.calls)
            self.table.count(self)
            self.mode = None
        else:
            last = self.marks.last if isinstance(self.marks, CudaMarks) else None
            self.pending.append((self.running, self.marks, last, self.calls, self.segments))
        self.stack = self.segments = self.calls = self.bounds = self.owners = self.backward = None
        self.read()

    def read(self):
        """Writes iterations whose marks have been passed."""
        while self.pending:
            running, marks, last, calls, segments = self.pending[0]
            if marks is not None and not marks.passed(last):
                return
            self.pending.pop(0)
            spent = {}
            for call, first, until in segments:
                if first is not None and until is not None:
                    spent[call] = spent.get(call, 0) + marks.between(first, until)
            self.table.time(running, calls, spent)

    def fail(self, error):
        """Takes itself out for good, and says so."""
        self.failed = True
        if self.active:
            self.over()
        sentence = f"The layer table was switched off: {type(error).__name__}: {str(error)[:200]}"
        self.tracer.note("tracer-hook-off", sentence)

    def before_backward(self, tensors):
        """`backward` of a tensor, or of several, is called."""
        try:
            if self.is_elsewhere():
                return
            self.backward.begin((tensors,) if isinstance(tensors, self.tensor) else tuple(tensors or ()))
        except Exception as error:
            self.fail(error)

    def after_backward(self):
        try:
            self.backward.end()
        except Exception as error:
            self.fail(error)

    def stepped(self, optimizer):
        """An optimizer has made a step."""
        if self.mode is not None:
            self.table.memory.stepped(optimizer, self.tensor)

    # Calls.

    def run(self, module, /, *args, **kwargs):
        """Stands for `Module.__call__` while an iteration is sampled; leaves no frame in a traceback."""
        if not self.active or self.is_elsewhere():
            return self.original(module, *args, **kwargs)
        try:
            call = self.enter(module, args, kwargs)
        except Exception as error:
            self.fail(error)
            return self.original(module, *args, **kwargs)
        try:
            out = self.original(module, *args, **kwargs)
        except BaseException as error:
            self.abandon(call)
            error.__traceback__ = without_our_frames(error.__traceback__)
            raise
        try:
            self.leave(call, out)
        except Exception as error:
            self.fail(error)
        return out

    def is_elsewhere(self):
        """Whether a call now is not the sampled iteration's: of another thread, or of a loop inside of it (evaluation).
        Compiled code is not looked into, and while `torch.compile` looks at each frame, it must see none of ours."""
        recorder = self.tracer.recorder
        if get_ident() != recorder.main_thread or not recorder.stack or recorder.stack[-1] is not self.running:
            return True
        if self.stack and self.stack[-1].compiled:
            return True
        dynamo = sys.modules.get("torch._C._dynamo.eval_frame")
        if dynamo is None or "torch._dynamo" not in sys.modules:
            return False
        return dynamo.get_eval_frame_callback() is not None

    def enter(self, module, args, kwargs):
        if self.marks is None:
            self.marks = self.time_line(module)
        self.close()
        stack = self.stack
        layer = self.layer_of(module)
        tensors = unique(tensors_in((args, kwargs), self.tensor))
        shape = tuple(tensors[0].shape) if tensors else ()
        key = shape, module.training, self.torch.is_grad_enabled()
        call = Call(layer, key, stack[-1].passing if stack else "backward" if self.backward.going_on else "forward")
        call.inputs = sum(map(size_of, tensors))
        call.shapes = shape, ()
        if tensors:
            call.dtype = str(tensors[0].dtype).rpartition(".")[2]
            call.wants_gradient = any(tensor.requires_grad for tensor in tensors)
        if stack and stack[-1].origin is None:
            stack[-1].layer.calls_others = True
        call.compiled = is_compiled(module)
        self.compiled = self.compiled or call.compiled
        if self.mode is not None:
            call.work, call.back = Work(), Work()
            call.work.unknown = call.back.unknown = call.compiled
            if layer.call_site is None:
                layer.call_site = self.places.of(sys._getframe(2))
            if not self.mode_depth and not self.compiled:
                self.enter_mode()
                call.mode = True
        stack.append(call)
        self.calls.append(call)
        self.open(call)
        return call

    def leave(self, call, out):
        self.close()
        self.pop(call)
        tensors = tensors_in(out, self.tensor) or tensors_in(getattr(out, "__dict__", None), self.tensor)
        call.outputs = sum(map(size_of, unique(tensors)))
        if tensors and "float" not in call.dtype and tensors[0].is_floating_point():
            # Indices of an embedding are no numbers that it computes with.
            call.dtype = str(tensors[0].dtype).rpartition(".")[2]
        call.shapes = call.shapes[0], tuple(tensors[0].shape) if tensors else ()
        self.open(self.stack[-1] if self.stack else None)

    def abandon(self, call):
        """A call that ended in an exception: it and what is inside of it count for nothing."""
        try:
            self.close()
            self.pop(call)
            self.calls.remove(call)
            self.open(self.stack[-1] if self.stack else None)
        except Exception as error:
            self.fail(error)

    def pop(self, call):
        stack = self.stack
        while stack:
            top = stack.pop()
            if top.mode:
                self.leave_mode()
            if top is call:
                return

    def open(self, call):
        """From here on time, and nodes of the graph, are this call's."""
        self.bounds.append(self.sequence())
        self.owners.append(call)
        self.since = self.marks.now()

    def close(self):
        """Up to here they were the innermost call's."""
        if self.stack:
            self.segments.append((self.stack[-1], self.since, self.marks.now()))

    def time_line(self, module):
        tensor = next(module.parameters(), None)
        cuda = self.torch.cuda
        return CudaMarks(cuda) if tensor is not None and tensor.is_cuda and cuda.is_initialized() else HostMarks()

    def layer_of(self, module):
        layer = self.layers.get(id(module))
        if layer is not None and layer.module() is module:
            return layer
        root = type(module).__name__
        if self.stack:
            # In no outermost module's list of modules: it is kept in a list of the program's own.
            layer = self.layers[id(module)] = Layer(module, root, root)
            return layer
        self.roots[id(module)] = weakref.ref(module)
        for name, below in module.named_modules():
            known = self.layers.get(id(below))
            if known is None or known.module() is not below:
                self.layers[id(below)] = Layer(below, name, root)
        return self.layers[id(module)]

    # What is counted, and for whom.

    def work(self):
        """Whose operations these are."""
        if not self.stack:
            return self.outside
        call = self.stack[-1]
        return call.work if call.origin is None else call.origin.back

    def owner(self, number):
        """The call that made the node with this number, or None."""
        at = bisect_right(self.bounds, number) - 1
        return self.owners[at] if at >= 0 else None

    def enter_mode(self):
        self.mode.__enter__()
        self.mode_depth += 1

    def leave_mode(self):
        self.mode_depth -= 1
        if self.current_mode() is self.mode:
            self.mode.__exit__(None, None, None)


def unique(tensors):
    """Each tensor once: attention is often given the same one three times."""
    return list({id(tensor): tensor for tensor in tensors}.values())


def is_compiled(module):
    """Whether a call of this module runs code of `torch.compile`."""
    return getattr(module, "_compiled_call_impl", None) is not None or type(module).__name__ == "OptimizedModule"


def without_our_frames(traceback):
    """A traceback without the frames of this package, and of what PyTorch puts around a dispatch mode's."""
    while traceback is not None and is_ours(traceback):
        traceback = traceback.tb_next
    at = traceback
    while at is not None:
        while at.tb_next is not None and is_ours(at.tb_next):
            at.tb_next = at.tb_next.tb_next
        at = at.tb_next
    return traceback


_OURS = __file__.rpartition("layertable")[0]


def is_ours(traceback):
    path = traceback.tb_frame.f_code.co_filename
    return path.startswith(_OURS)
