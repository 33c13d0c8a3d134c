"""The wait for gradients in the backward of `DistributedDataParallel`.

Its reducer starts an all-reduce for each bucket from C++ while the backward goes on, and at the end of the backward, in
a final callback of the autograd engine, waits for those that are not over. Only that wait holds the rank up. Callbacks
run in the order in which they were queued, after all gradients were computed, and the reducer queues its own when the
last bucket is ready; so one that was queued before it runs when the wait begins. It is queued by a hook on the gradient
accumulators of a few parameters (all of them must have been through before the last bucket can be ready). The wait ends
with the backward. Nothing here touches a gradient.
"""

import types
from time import perf_counter_ns as clock

from .watched import Watched, ending

# A parameter may get no gradient in some iteration; of three that are far apart one will.
_PARAMETERS = 3


def install(tracer, torch, communication):
    """Watches for models that are wrapped in `DistributedDataParallel`."""
    wrapper = torch.nn.parallel.DistributedDataParallel
    wrapper.__init__ = _Init(wrapper.__init__, tracer, torch, communication)


class _Init(Watched):
    __slots__ = ("tracer", "torch", "communication", "models")

    def __init__(self, original, tracer, torch, communication):
        super().__init__(original)
        self.tracer = tracer
        self.torch = torch
        self.communication = communication
        self.models = 0

    def bind(self, instance):
        return ending(types.MethodType(self.original, instance), lambda: self.made(instance))

    def made(self, model):
        try:
            if getattr(model, "reducer", None) is None:
                return  # Its __init__ failed, or there is nothing to reduce.
            label = self.communication.label(model.process_group)
            # Of several models each has a group of its own: their backwards need not come in one order.
            label = f"{label}/ddp" + (str(self.models) if self.models else "")
            self.models += 1
            self.watch(model, label)
        except Exception as error:
            self.tracer.note(
                "tracer-hook-off",
                f"The wait for gradients is not seen: {type(error).__name__}: {str(error)[:200]}",
            )

    def watch(self, model, label):
        torch = self.torch
        recorder = self.tracer.recorder
        engine = torch.autograd.Variable._execution_engine
        task = torch._C._current_graph_task_id
        queued = [None]  # the backward in which the callback was queued

        def computed():
            # On CUDA this runs in a thread of the engine.
            row = "all_reduce", label, self.communication.number(label), -1
            if recorder.backward and not recorder.computed:
                recorder.computed_row = row
                recorder.computed = clock()

        def hook(*_):
            try:
                this = task()
                if queued[0] != this and model.require_backward_grad_sync:
                    queued[0] = this
                    engine.queue_callback(computed)
            except Exception:
                recorder.active = False

        parameters = [p for p in model.module.parameters() if p.requires_grad]
        places = {(len(parameters) - 1) * k // (_PARAMETERS - 1) for k in range(_PARAMETERS)}
        with torch.enable_grad():
            for place in sorted(places):
                # The reducer keeps the accumulator alive, with its hook, as long as there is a model.
                accumulator = parameters[place].expand_as(parameters[place]).grad_fn.next_functions[0][0]
                accumulator.register_prehook(hook)


def waited(communication, now, site):
    """The backward is over: what came after the last gradient was a wait."""
    recorder = communication.recorder
    start, recorder.computed = recorder.computed, 0
    communication.held_up(start, now, site, recorder.computed_row)
