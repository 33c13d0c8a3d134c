"""Time of the baseline and of each variant that can really run, in turns, with the spans in which each ran.

Spans are CLOCK_MONOTONIC: Wattline joins them with what its meters read meanwhile, and energy comes of that.
"""

import time

from .kernels import Missing, as_linear, kernel_for
from .load import first_line

# Turns of each: enough for a spread.
TURNS = 6
PROMPT_TOKENS = 32
DECODED_TOKENS = 16


class Decoding:
    """Tokens written one after the other with a KV cache: what a served model does most of its time."""

    def __init__(self, torch, task, device, batch):
        self.torch = torch
        ids = max((ids for ids, _ in task.samples), key=len)[:PROMPT_TOKENS]
        self.prompt = ids[None].to(device).repeat(batch, 1)
        self.units = DECODED_TOKENS * batch

    def run(self, model):
        torch = self.torch
        answer = model(input_ids=self.prompt, use_cache=True)
        for _ in range(DECODED_TOKENS):
            token = answer.logits[:, -1:].argmax(-1)
            answer = model(input_ids=token, past_key_values=answer.past_key_values, use_cache=True)
        if self.prompt.is_cuda:
            torch.cuda.synchronize()


class Classifying:
    """Samples one after the other."""

    def __init__(self, torch, task, device):
        self.torch, self.device = torch, device
        self.samples = [ids[None].to(device) for ids, _ in task.samples[:16]]
        self.units = len(self.samples)

    def run(self, model):
        for ids in self.samples:
            model(input_ids=ids)
        if self.device == "cuda":
            self.torch.cuda.synchronize()


def measure(torch, model, matrices, formats, work, device, seconds, say):
    """Spans of each format that runs here and of the baseline beside it, and the reasons for those that do not.

    Args:
        seconds: that each variant is to run, all its turns together.
    """
    prefixes = {id(module): name for name, module in model.named_modules()}
    names = {prefixes[id(matrix.module)] for matrix in matrices if matrix.module is not None}
    model = as_linear(torch, model, names)
    spans, missing = [], []
    for format_name in formats:
        say(f"Measuring {format_name}")
        try:
            variant = kernel_for(torch, format_name, device)(torch, model, names)
            repeats = turns_of(work, variant, seconds)
        except Missing as reason:
            missing.append({"format": format_name, "reason": str(reason)})
            continue
        except Exception as error:  # a library's own fault is no fault of the model
            missing.append({"format": format_name, "reason": f"Its kernel failed here: {first_line(error)}"})
            continue
        turns_of(work, model, 0)
        for _ in range(TURNS):
            for name, own in (("baseline", model), (format_name, variant)):
                start = time.monotonic()
                for _ in range(repeats):
                    work.run(own)
                spans.append({"variant": name, "beside": format_name, "startS": start,
                              "durationS": time.monotonic() - start, "units": repeats * work.units})
        del variant
    return spans, missing


def turns_of(work, model, seconds):
    """Runs twice to warm up. Returns how often it has to run for a turn to last its share of `seconds`."""
    work.run(model)
    start = time.monotonic()
    work.run(model)
    once = max(1e-6, time.monotonic() - start)
    return max(1, min(10_000, round(seconds / TURNS / once)))
