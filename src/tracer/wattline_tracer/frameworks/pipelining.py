"""Stage, microbatch and chunk of each forward and backward under `torch.distributed.pipelining` (rows `g`).

Every schedule runs its operations through `forward_one_chunk` and `backward_one_chunk` of its stages, whose first
argument is the microbatch. The order in which they come is the schedule; nothing is assumed of it here. The device's
place in the pipeline is its rank in the pipeline's group; of several stages on one device each is a chunk. Of a backward
that is split in two (zero-bubble schedules) the part that others wait for is told.
"""

import functools
import sys
from _thread import get_ident
from time import perf_counter_ns as clock


def install(tracer, name):
    """Wraps the two methods of the stages' base class.

    Args:
        name: The module of the stages.
    """
    base = sys.modules[name]._PipelineStageBase
    for method, letter in (("forward_one_chunk", "F"), ("backward_one_chunk", "B")):
        setattr(base, method, _wrapped(tracer, base.__dict__[method], letter))


def _wrapped(tracer, plain, letter):
    recorder = tracer.recorder

    @functools.wraps(plain)
    def one_chunk(stage, microbatch, *args, **kwargs):
        start = clock()
        try:
            return plain(stage, microbatch, *args, **kwargs)
        finally:
            now = clock()
            try:
                if recorder.active and recorder.on and get_ident() == recorder.main_thread:
                    chunk = stage.stage_index // stage.group_size
                    seconds = round(start * 1e-9, 6), round((now - start) * 1e-9, 6)
                    place = int(stage.group_rank), int(microbatch), int(chunk)
                    tracer.writer.add(["g", letter, *place, recorder.iteration, *seconds])
            except Exception:
                recorder.active = False

    return one_chunk
