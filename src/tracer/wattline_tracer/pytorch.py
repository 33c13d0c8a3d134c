"""Forward, backward, optimizer and data of a PyTorch program.

Public hooks where they change nothing that a user can see, and `watched` methods where they would:

- forward: `Module.__call__` of the outermost module. Global forward hooks would put torch's own frame `inner` into
  every traceback through a model, send each submodule the slow way, and make `torch.compile` warn the user of them.
- backward: `Tensor.backward`, and `torch.autograd.backward` for those who call that.
- optimizer: the global step hooks; torch's wrapper around `step` is there with and without them. `zero_grad` is
  `other`: by default it only drops references.
- data: `next` on a `DataLoader`'s iterator, unless a traced loop is waiting for it already.

Spans of one phase do not nest: the outermost counts. A forward inside backward (checkpointing computes activations
again) is part of the backward. Each hook that fails takes itself off and leaves a note.
"""

import functools
import os
import sys
import types
from _thread import get_ident, interrupt_main
from functools import partial
from time import perf_counter_ns as clock

from . import ddp
from .recorder import BACKWARD, DATA, FORWARD, OPTIMIZER, SAMPLE_MASK
from .watched import Watched

_METHOD_NAME = "__call__"


def arrived(tracer, name):
    """`torch` has been imported."""
    torch = sys.modules[name]
    # An import that failed half-way has not come so far.
    if all(hasattr(torch, part) for part in ("nn", "optim", "autograd", "compiler", "utils")):
        install(tracer, torch)


def install(tracer, torch):
    """Puts the hooks into torch, which has just been imported. Each stands for itself; none raises."""
    for name, hook in (("forward", _forward), ("backward", _backward), ("optimizer", _optimizer), ("data", _data)):
        try:
            hook(tracer, torch)
        except Exception as error:
            failed(tracer, name, error)
    tracer.tensor = torch.Tensor
    _communication(tracer, torch)
    _layers(tracer, torch)


def _communication(tracer, torch):
    try:
        from . import distributed

        communication = distributed.install(tracer, torch)
        if communication is not None:
            ddp.install(tracer, torch, communication)
    except Exception as error:
        failed(tracer, "communication", error)


def _layers(tracer, torch):
    if os.environ.get("WATTLINE_LAYERS") != "0":
        try:
            from .layertable.births import Births

            tracer.births = Births(torch)
        except Exception as error:
            failed(tracer, "layers", error)


def failed(tracer, name, error):
    """Notes that a hook is off."""
    sentence = f"The hook for {name} was switched off: {type(error).__name__}: {str(error)[:200]}"
    tracer.note("tracer-hook-off", sentence)


class _Span:
    """Lives as long as the call of a watched method; writes its span when it dies."""

    __slots__ = ("hook", "site")

    def __init__(self, hook, site):
        self.hook = hook
        self.site = site

    def __del__(self):
        try:
            self.hook.over(self.site)
        except KeyboardInterrupt:
            interrupt_main()  # Ctrl-C in just this microsecond: what is raised here is lost.
        except Exception as error:
            self.hook.fail(error)


class _Hook(Watched):
    """A watched method whose call is a span, unless one that counts it already is open.

    Args:
        owner, attribute: The class and the name of its method.
        name, code: The phase; `name` is also the recorder's attribute with the start of its open span.
    """

    __slots__ = ("tracer", "recorder", "owner", "attribute", "name", "code", "enabled")

    def __init__(self, tracer, owner, attribute, name, code):
        super().__init__(owner.__dict__[attribute])
        self.tracer = tracer
        self.recorder = tracer.recorder
        self.owner = owner
        self.attribute = attribute
        self.name = name
        self.code = code
        self.enabled = True

    def install(self):
        setattr(self.owner, self.attribute, self)
        self.tracer.reinstall.append(self.put_back)

    def put_back(self):
        """`torch.fx` exchanges `Module.__call__` while it traces, and puts back the plain function."""
        if self.enabled and self.owner.__dict__.get(self.attribute) is self.original:
            setattr(self.owner, self.attribute, self)

    def fail(self, error):
        self.enabled = False
        if self.owner.__dict__.get(self.attribute) is self:
            setattr(self.owner, self.attribute, self.original)
        failed(self.tracer, self.name, error)

    def counted(self, recorder):
        """Whether a call now belongs to a span that is open."""
        raise NotImplementedError

    def bind(self, instance):
        recorder = self.recorder
        if recorder.layers is not None:
            return self.begin_measured(recorder.layers, instance, sys._getframe(2))
        if self.counted(recorder) or not recorder.on or get_ident() != recorder.main_thread:
            return types.MethodType(self.original, instance)
        try:
            return self.begin(instance, sys._getframe(2))
        except Exception as error:
            self.fail(error)
            return types.MethodType(self.original, instance)

    def begin_measured(self, layers, instance, frame):
        """As `begin`, in an iteration in which layers are measured."""
        if self.counted(self.recorder) or not self.recorder.on or get_ident() != self.recorder.main_thread:
            return types.MethodType(self.original, instance)
        return self.begin(instance, frame)

    def begin(self, instance, frame):
        """`frame` is the caller's."""
        began = clock()
        recorder = self.recorder
        site = self.tracer.sites.of(frame)
        call = partial(self.original, instance)
        call.span = _Span(self, site)
        if not recorder.count & SAMPLE_MASK:
            recorder.own_time(began)
        if recorder.device is not None:
            recorder.device.begin(self.code)
        setattr(recorder, self.name, clock())
        return call

    def over(self, site):
        now = clock()
        recorder = self.recorder
        start = getattr(recorder, self.name)
        setattr(recorder, self.name, 0)
        if start and recorder.active:
            recorder.span(self.code, start, now, site)
            if not recorder.count & SAMPLE_MASK:
                recorder.own_time(now)


class _ForwardHook(_Hook):
    __slots__ = ("speaking",)

    def counted(self, recorder):
        return recorder.forward or recorder.backward

    def begin_measured(self, layers, instance, frame):
        """A call in an iteration in which layers are measured, of an outermost module or of any below."""
        if self.looks_up(frame.f_code):
            return types.MethodType(self.original, instance)
        call = partial(layers.run, instance)
        recorder = self.recorder
        if not self.counted(recorder) and recorder.on and get_ident() == recorder.main_thread:
            call.span = _Span(self, self.tracer.sites.of(frame))
            if recorder.device is not None:
                recorder.device.begin(FORWARD)
            recorder.forward = clock()
        return call

    def begin(self, instance, frame):
        if self.looks_up(frame.f_code):
            return types.MethodType(self.original, instance)
        return super().begin(instance, frame)

    def looks_up(self, code):
        """Whether code speaks of `__call__` rather than calling: then it may keep the method for later, as
        `torch.compile` does. A `__call__` that calls `super().__call__` does both, and calls."""
        speaks = self.speaking.get(id(code))
        if speaks is None:
            speaks = code.co_name != _METHOD_NAME and (_METHOD_NAME in code.co_names or _METHOD_NAME in code.co_consts)
            if len(self.speaking) > 4096:
                self.speaking.clear()
            # The code is kept with its answer: an id is unique among the living only.
            self.speaking[id(code)] = (speaks, code)
            return speaks
        return speaks[0]


def _forward(tracer, torch):
    hook = _ForwardHook(tracer, torch.nn.Module, _METHOD_NAME, "forward", FORWARD)
    hook.speaking = {}
    tracer.call_module = hook.original
    hook.install()


class _BackwardHook(_Hook):
    """`Tensor.backward` calls `torch.autograd.backward`: meanwhile the plain one stands there."""

    __slots__ = ("autograd", "plain", "wrapped")

    def counted(self, recorder):
        return recorder.backward

    def begin(self, instance, frame):
        if self.recorder.layers is not None:
            self.recorder.layers.before_backward((instance,))
        call = super().begin(instance, frame)
        if self.autograd.backward is self.wrapped:
            self.autograd.backward = self.plain
        return call

    def over(self, site):
        if self.recorder.computed:
            ddp.waited(self.tracer.communication, clock(), site)
        super().over(site)
        if self.recorder.layers is not None:
            self.recorder.layers.after_backward()
        if self.enabled and self.autograd.backward is self.plain:
            self.autograd.backward = self.wrapped

    def fail(self, error):
        super().fail(error)
        if self.autograd.backward is self.wrapped:
            self.autograd.backward = self.plain


def _backward(tracer, torch):
    hook = _BackwardHook(tracer, torch.Tensor, "backward", "backward", BACKWARD)
    hook.autograd = torch.autograd
    hook.plain = plain = torch.autograd.backward
    recorder = tracer.recorder

    @functools.wraps(plain)
    def backward(*args, **kwargs):
        if recorder.backward or not recorder.on or get_ident() != recorder.main_thread:
            return plain(*args, **kwargs)
        site = tracer.sites.of(sys._getframe(1))
        if recorder.layers is not None:
            recorder.layers.before_backward(args[0] if args else kwargs.get("tensors"))
        if recorder.device is not None:
            recorder.device.begin(BACKWARD)
        recorder.backward = clock()
        try:
            return plain(*args, **kwargs)
        finally:
            hook.over(site)

    hook.wrapped = torch.autograd.backward = backward
    hook.install()


def _optimizer(tracer, torch):
    from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook

    recorder = tracer.recorder
    is_compiling = torch.compiler.is_compiling
    seen = set()
    parameters = {}  # elements by id: holding on to them would keep a model alive

    def before(optimizer, args, kwargs):
        # What torch.compile traces must stay free of us: there this is the constant True.
        if is_compiling() or recorder.optimizer or not recorder.on or get_ident() != recorder.main_thread:
            return
        try:
            recorder.optimizer_site = tracer.sites.of(sys._getframe(1))
            if recorder.device is not None:
                recorder.device.begin(OPTIMIZER)
            recorder.optimizer = clock()
        except Exception as error:
            off(error)

    def after(optimizer, args, kwargs):
        if is_compiling():
            return
        now = clock()
        recorder.updates += 1
        try:
            if recorder.optimizer and recorder.active and get_ident() == recorder.main_thread:
                start, recorder.optimizer = recorder.optimizer, 0
                recorder.span(OPTIMIZER, start, now, recorder.optimizer_site)
                if not recorder.count & SAMPLE_MASK:
                    recorder.own_time(now)
            if recorder.layers is not None:
                recorder.layers.stepped(optimizer)
            if id(optimizer) not in seen:
                seen.add(id(optimizer))
                parameters.update((id(p), p.numel()) for group in optimizer.param_groups for p in group["params"])
                tracer.writer.count("parameters", sum(parameters.values()))
        except Exception as error:
            off(error)

    def off(error):
        for handle in handles:
            handle.remove()
        recorder.optimizer = 0
        failed(tracer, "optimizer", error)

    handles = [register_optimizer_step_pre_hook(before), register_optimizer_step_post_hook(after)]


class _DataHook(_Hook):
    """Waits for a `DataLoader`, which also tell of loops that nothing else tells of (frameworks/unknown.py)."""

    __slots__ = ("loops",)

    def counted(self, recorder):
        return recorder.data

    def bind(self, instance):
        recorder = self.recorder
        if not recorder.data and recorder.active and get_ident() == recorder.main_thread:
            try:
                self.loops.asked(instance, sys._getframe(2), clock())
            except Exception as error:
                self.fail(error)
        return super().bind(instance)

    def over(self, site):
        super().over(site)
        self.loops.arrived(clock())


def _data(tracer, torch):
    from torch.utils.data.dataloader import _BaseDataLoaderIter

    from .frameworks.unknown import UnknownLoops

    hook = _DataHook(tracer, _BaseDataLoaderIter, "__next__", "data", DATA)
    hook.loops = UnknownLoops(tracer)
    hook.install()
