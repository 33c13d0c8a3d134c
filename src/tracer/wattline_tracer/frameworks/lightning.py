"""PyTorch Lightning: an iteration is a batch; with accumulation, several make an update.

`lightning.pytorch` and `pytorch_lightning` are the same code under two names. Waits for data, forward, backward and
optimizer are seen by torch's hooks. Lightning fetches a batch ahead, so the first of an epoch is fetched before it.
"""

import sys
from time import perf_counter_ns as clock

from .steps import Call, Event, Steps, locals_of

_TITLE = "Lightning"


def install_training(tracer, name):
    """`….loops.training_epoch_loop` has been imported."""
    loop = sys.modules[name]._TrainingEpochLoop
    epochs = _Batches(tracer, "training")
    Call(tracer, loop, "run", _TITLE, epochs.run)
    Event(tracer, loop, "advance", _TITLE, epochs.advance)
    Event(tracer, loop, "_build_kwargs", _TITLE, epochs.batch_known)


def install_evaluation(tracer, name):
    """`….loops.evaluation_loop`: validate, test, and the validation within fit."""
    loop = sys.modules[name]._EvaluationLoop
    batches = _Batches(tracer, "evaluation")
    Call(tracer, loop, "run", _TITLE, batches.run)
    Call(tracer, loop, "_evaluation_step", _TITLE, batches.step)


def install_prediction(tracer, name):
    """`….loops.prediction_loop`."""
    loop = sys.modules[name]._PredictionLoop
    batches = _Batches(tracer, "inference")
    Call(tracer, loop, "run", _TITLE, batches.run)
    Call(tracer, loop, "_predict_step", _TITLE, batches.step)


class _Batches:
    """The runs of one kind of Lightning's loops that are open in this process."""

    def __init__(self, tracer, kind):
        self.tracer = tracer
        self.kind = kind
        self.running = []

    def run(self, loop, frame):
        steps = Steps(self.tracer, frame, self.kind)
        self.running.append(steps)
        if self.kind != "training":
            steps.ask(clock(), data=False)

        def end():
            if steps in self.running:
                del self.running[self.running.index(steps) :]
            steps.close()

        return end

    def current(self):
        return self.running[-1] if self.running and self.running[-1].current else None

    def advance(self, loop, frame):
        """Fetches a batch and trains on it. What comes after it, a validation say, is still of its iteration."""
        steps = self.current()
        if steps is not None:
            steps.got(clock())

    def batch_known(self, loop, frame):
        """Called by `advance` once a batch, which is a variable of its."""
        if self.current() is not None:
            self.tracer.count_samples(locals_of(frame, "batch")[0])

    def step(self, loop, frame):
        """The batch is there; the next is asked for when its step is over."""
        steps = self.current()
        if steps is None:
            return None
        steps.got(clock())
        return lambda: steps.current and steps.ask(clock(), data=False)
