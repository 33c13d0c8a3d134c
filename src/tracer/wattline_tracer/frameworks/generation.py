"""`model.generate` of Hugging Face: prefill and decode told apart, and the tokens it wrote.

    prefill   from the call until the first token of the batch is chosen
    decode    each later token, its choice included: one span a step

They stand in the place of `forward`: the model's own calls within are not spans of their own. A step is over when the
stopping criteria are asked, which every way of decoding does once a step.
"""

import sys
from time import perf_counter_ns as clock

from ..recorder import SAMPLE_MASK
from .steps import Call, Event, locals_of

_TITLE = "generate"


def install(tracer, name):
    """`transformers.generation.utils` has been imported."""
    module = sys.modules[name]
    generation = _Generation(tracer)
    Call(tracer, module.GenerationMixin, "generate", _TITLE, generation.begin)
    Event(tracer, module.StoppingCriteriaList, "__call__", _TITLE, generation.step_over)


class _Generation:
    """The `generate` that runs. One inside it (an assistant's draft) is a part of it."""

    def __init__(self, tracer):
        self.tracer = tracer
        self.depth = 0
        self.generation = -1

    def begin(self, model, frame):
        recorder = self.tracer.recorder
        if self.generation != self.tracer.generation:
            self.generation, self.depth = self.tracer.generation, 0
        self.depth += 1
        if self.depth == 1:
            self.since = clock()
            self.code = recorder.code("prefill")
            self.site = self.tracer.sites.of(frame)
            self.length = 0
            # As if a forward were open: what the models do now is a part of prefill and decode.
            self.within = recorder.forward or recorder.backward
            if not self.within:
                recorder.forward = self.since
        return self.end

    def end(self):
        self.depth -= 1
        if self.depth == 0 and self.generation == self.tracer.generation and not self.within:
            self.tracer.recorder.forward = 0

    def step_over(self, criteria, frame):
        if self.depth != 1 or self.within or self.generation != self.tracer.generation:
            return
        now = clock()
        recorder = self.tracer.recorder
        if recorder.on:
            recorder.span(self.code, self.since, now, self.site)
        self.since = now
        self.code = recorder.code("decode")
        self.count(recorder, frame)
        if not recorder.count & SAMPLE_MASK:
            recorder.own_time(now)

    def count(self, recorder, frame):
        """Tokens of this step: one a row, or as many as an assistant's draft brought."""
        ids, beams = locals_of(frame, "input_ids", "num_beams")
        if not isinstance(ids, self.tracer.tensor or ()) or ids.dim() != 2:
            return
        rows, length = ids.shape
        grown = length - self.length if self.length and length > self.length else 1
        self.length = length
        recorder.tokens += rows // (beams or 1) * grown
