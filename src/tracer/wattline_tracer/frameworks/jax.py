"""JAX: a compiled function's call returns before its work is done, so the host cannot tell a device's phases apart.

    step      the call of a compiled function, and every wait for a result: block_until_ready, device_get, float(loss), …
    compile   what JAX itself reports as tracing, lowering and compiling (public: jax.monitoring); it is inside of a step

Forward, backward and optimizer are one program to XLA: they have no times of their own. Where a loop never waits, JAX
works on one iteration while the host is in a later one: sums over many iterations are right, single ones are not.

Calls are seen where the source says `f(…)` (jitted.py): what `jax.jit` returns is C code, and cannot be watched.
"""

import sys
from time import perf_counter_ns as clock

from ..loops import LEAST_WAIT_NS
from ..watched import ending
from .steps import Call, Function, Outermost, note_off

_COMPILED = ("PjitFunction", "PmapFunction", "JitWrapped", "JitFn", "_JitWrapper")
_WAITS = ("__float__", "__int__", "__bool__", "__index__", "__array__", "item", "tolist")
_KEPT_LIMIT = 4096


def install(tracer, name):
    """`jax` has been imported."""
    jax = sys.modules[name]
    step = Outermost(tracer, "step", LEAST_WAIT_NS)
    tracer.compiled_call = _Calls(step)
    for hook in (_waits, _compilation):
        try:
            hook(tracer, jax, step)
        except Exception as error:
            note_off(tracer, "JAX", error)


def _waits(tracer, jax, step):
    array = sys.modules["jax._src.array"].ArrayImpl
    for method in _WAITS:
        Call(tracer, array, method, f"JAX's {method}", step.begin)
    jax.block_until_ready = Function(step, jax.block_until_ready)
    jax.device_get = Function(step, jax.device_get)
    array.block_until_ready = _Block(step, array.__dict__["block_until_ready"])


def _compilation(tracer, jax, step):
    from jax import monitoring

    recorder = tracer.recorder

    def reported(event, seconds, **_):
        if event.startswith("/jax/core/compile/") and recorder.on and tracer.traces_here():
            now = clock()
            recorder.span(recorder.code("compile"), now - int(seconds * 1e9), now, 0)

    monitoring.register_event_duration_secs_listener(reported)


class _Block:
    """`array.block_until_ready`, which is C code."""

    def __init__(self, step, original):
        self.step = step
        self.original = original

    def __get__(self, instance, owner=None):
        plain = self.original.__get__(instance, owner)
        if instance is None or not self.step.tracer.traces_here():
            return plain
        try:
            end = self.step.begin(instance, sys._getframe(1))
        except Exception:
            return plain
        return plain if end is None else ending(plain, end)


class _Calls:
    """What rewritten code asks at a call: `(f,)` goes in, and something to call in the place of `f` comes out."""

    def __init__(self, step):
        self.step = step
        self.kept = {}

    def __call__(self, pair):
        function = pair[0]
        compiled = getattr(function, "__func__", function)
        if type(compiled).__name__ not in _COMPILED:
            return function
        if compiled is not function:
            return Function(self.step, function)  # A method: bound anew for each call.
        kept = self.kept.get(id(function))
        if kept is None:
            if len(self.kept) >= _KEPT_LIMIT:
                self.kept.clear()
            kept = self.kept[id(function)] = Function(self.step, function)
        return kept
