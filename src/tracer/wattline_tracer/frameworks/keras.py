"""Keras 3: an iteration is a batch (or `steps_per_execution` of them), told by the list of callbacks that `fit` holds.

    torch             forward, backward and optimizer by torch's hooks and Keras' own `Layer.__call__` and `Optimizer.apply`
    jax, tensorflow   the compiled step is one: phase `step`, from when the batch is there to when its logs are handed on
"""

import sys
from functools import partial
from time import perf_counter_ns as clock

from ..recorder import FORWARD, OPTIMIZER
from .steps import Call, Event, Steps, locals_of

_TITLE = "Keras"
_KINDS = {"train": "training", "test": "evaluation", "predict": "inference"}


def install_callbacks(tracer, name):
    """`keras.src.callbacks.callback_list` has been imported."""
    callbacks = sys.modules[name].CallbackList
    fits = _fits(tracer)
    for mode in _KINDS:
        Event(tracer, callbacks, f"on_{mode}_begin", _TITLE, partial(fits.mode_begins, mode))
        Event(tracer, callbacks, f"on_{mode}_batch_begin", _TITLE, partial(fits.batch_begins, mode))
        Call(tracer, callbacks, f"on_{mode}_batch_end", _TITLE, partial(fits.batch_ends, mode))
    Event(tracer, callbacks, "on_epoch_begin", _TITLE, fits.epoch_begins)
    Event(tracer, callbacks, "on_epoch_end", _TITLE, fits.epoch_ends)


def install_trainer(tracer, name):
    """`keras.src.backend.….trainer` has been imported: the calls around the batches."""
    trainer = next(
        value
        for key, value in vars(sys.modules[name]).items()
        if key.endswith("Trainer") and getattr(value, "__module__", "") == name
    )
    fits = _fits(tracer)
    fits.compiled = ".torch." not in name
    for mode, method in (("train", "fit"), ("test", "evaluate"), ("predict", "predict")):
        Call(tracer, trainer, method, _TITLE, partial(fits.call, mode))


def install_layers(tracer, name):
    """`keras.src.layers.layer`: the forward of the outermost layer, where nothing is compiled."""
    fits = _fits(tracer)
    Call(tracer, sys.modules[name].Layer, "__call__", "Keras' forward", partial(fits.phase, "forward", FORWARD))


def install_optimizers(tracer, name):
    """`keras.src.optimizers.base_optimizer`."""
    fits = _fits(tracer)
    optimizer = sys.modules[name].BaseOptimizer
    Call(tracer, optimizer, "apply", "Keras' optimizer", partial(fits.phase, "optimizer", OPTIMIZER))


def _fits(tracer):
    fits = getattr(tracer, "keras", None)
    if fits is None:
        fits = tracer.keras = _Fits(tracer)
    return fits


class _Fits:
    """The calls of `fit`, `evaluate` and `predict` that are open. An `evaluate` within `fit` stands above it."""

    def __init__(self, tracer):
        self.tracer = tracer
        self.compiled = False
        self.running = []

    def call(self, mode, model, frame):
        steps = Steps(self.tracer, frame, _KINDS[mode])
        steps.step_since = 0
        self.running.append(steps)

        def end():
            if steps in self.running:
                del self.running[self.running.index(steps) :]
            steps.close()

        return end

    def current(self, mode):
        steps = self.running[-1] if self.running else None
        return steps if steps is not None and steps.current and steps.loop.kind == _KINDS[mode] else None

    def mode_begins(self, mode, callbacks, frame):
        steps = self.current(mode)
        if steps is not None and mode != "train":
            steps.ask(clock())

    def epoch_begins(self, callbacks, frame):
        steps = self.current("train")
        if steps is not None:
            steps.ask(clock())

    def epoch_ends(self, callbacks, frame):
        steps = self.current("train")
        if steps is not None:
            steps.rest(clock())

    def batch_begins(self, mode, callbacks, frame):
        steps = self.current(mode)
        if steps is not None:
            now = clock()
            steps.got(now)
            steps.step_since = now if self.compiled else 0
            if mode == "train":
                self.count_samples(frame)

    def count_samples(self, frame):
        """The batch is a variable of `fit` on torch; elsewhere its iterator is, which knows how large batches are."""
        data, batches, step = locals_of(frame, "data", "epoch_iterator", "end_step")
        if data is not None:
            self.tracer.count_samples(data)
        elif batches is not None:
            adapter = batches.data_adapter
            last = adapter.has_partial_batch and step is not None and step + 1 == batches.num_batches
            self.tracer.recorder.samples += (adapter.partial_batch_size if last else adapter.batch_size) or 0

    def batch_ends(self, mode, callbacks, frame):
        """The step is over; the callbacks run yet, and then the next batch is asked for."""
        steps = self.current(mode)
        if steps is None:
            return None
        recorder = self.tracer.recorder
        if steps.step_since and recorder.on:
            recorder.span(recorder.code("step"), steps.step_since, clock(), steps.loop.site)
        steps.step_since = 0
        return lambda: steps.current and steps.ask(clock())

    def phase(self, name, code, owner, frame):
        """A forward or an update of the torch back end, unless it is inside another; compiled code has no such."""
        recorder = self.tracer.recorder
        if self.compiled or recorder.forward or recorder.backward or recorder.optimizer or not recorder.on:
            return None
        site = self.tracer.sites.of(frame)
        generation = self.tracer.generation
        setattr(recorder, name, clock())
        if name == "optimizer":
            recorder.optimizer_site = site

        def over():
            if generation == self.tracer.generation:
                start = getattr(recorder, name)
                setattr(recorder, name, 0)
                if start and recorder.active:
                    recorder.span(code, start, clock(), site)

        return over
