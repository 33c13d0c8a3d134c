"""Hugging Face's Trainer: an iteration is an update, with all of its micro-batches, from the wait for the first on.

Accelerate needs nothing of its own: its loops are the user's, and what it wraps ends in torch's hooks.
"""

import sys
from time import perf_counter_ns as clock

from .steps import Call, Event, Steps, locals_of

_TITLE = "transformers.Trainer"


def install(tracer, name):
    """`transformers.trainer` has been imported."""
    module = sys.modules[name]
    trainer = _Trainer(tracer)
    handler = module.CallbackHandler
    Call(tracer, module.Trainer, "train", _TITLE, trainer.train)
    Call(tracer, module.Trainer, "evaluation_loop", _TITLE, trainer.evaluation_loop)
    Event(tracer, handler, "on_step_begin", _TITLE, trainer.update_begins)
    Event(tracer, handler, "on_epoch_end", _TITLE, trainer.epoch_ends)
    Event(tracer, handler, "on_prediction_step", _TITLE, trainer.batch_evaluated)
    Event(tracer, module.Trainer, "training_step", _TITLE, trainer.micro_batch)
    if hasattr(module.Trainer, "get_batch_samples"):  # transformers 4.46
        Event(tracer, module.Trainer, "get_batch_samples", _TITLE, trainer.batches_asked_for)


class _Trainer:
    """What runs in this process; a trainer's evaluation stands above its training."""

    def __init__(self, tracer):
        self.tracer = tracer
        self.running = []

    def begin(self, frame, kind):
        steps = Steps(self.tracer, frame, kind)
        self.running.append(steps)

        def end():
            if steps in self.running:
                del self.running[self.running.index(steps) :]
            steps.close()

        return steps, end

    def current(self, kind):
        steps = self.running[-1] if self.running else None
        return steps if steps is not None and steps.current and steps.loop.kind == kind else None

    def train(self, trainer, frame):
        return self.begin(frame, "training")[1]

    def batches_asked_for(self, trainer, frame):
        steps = self.current("training")
        if steps is not None:
            steps.ask(clock())

    def update_begins(self, handler, frame):
        steps = self.current("training")
        if steps is not None:
            steps.got(clock())

    def micro_batch(self, trainer, frame):
        if self.current("training") is not None:
            self.tracer.count_samples(locals_of(frame, "inputs")[0])

    def epoch_ends(self, handler, frame):
        steps = self.current("training")
        if steps is not None:
            steps.rest(clock())

    def evaluation_loop(self, trainer, frame):
        """`evaluate` and `predict`, inside of training or by themselves."""
        steps, end = self.begin(frame, "evaluation")
        steps.ask(clock(), data=False)  # The loader's own hook sees the waits.
        return end

    def batch_evaluated(self, handler, frame):
        steps = self.current("evaluation")
        if steps is not None:
            now = clock()
            steps.got(now)
            steps.ask(now, data=False)
