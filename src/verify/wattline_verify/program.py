"""From a plan to a result, both files of JSON: `{"fault": "…"}` where it cannot be done."""

import json
import os
import sys
import time

from .fault import Fault
from .load import check_tokenizer, free_bytes, import_libraries, load_config, load_model, load_tokenizer, task_of


def main(arguments):
    plan_path, result_path = arguments
    # What libraries print must not get into the answer of the program that started this.
    sys.stdout.flush()
    os.dup2(2, 1)
    try:
        with open(plan_path, encoding="utf-8") as file:
            plan = json.load(file)
        result = verify(plan)
    except Fault as fault:
        result = {"fault": str(fault)}
    except MemoryError:
        result = {"fault": "The memory did not suffice for the model and a copy of its matrices."}
    except RuntimeError as error:
        if "out of memory" not in str(error).lower():
            raise
        result = {"fault": "The memory did not suffice for the model and a copy of its matrices."}
    with open(result_path, "w", encoding="utf-8") as file:
        json.dump(result, file)
    return 0


class Progress:
    """How far it is, on standard error: rows of JSON where WATTLINE_PROGRESS asks for them, else words."""

    def __init__(self, steps):
        self.steps, self.done, self.last = max(1, steps), 0, -1
        self.rows = os.environ.get("WATTLINE_PROGRESS") == "json"

    def tick(self):
        self.done += 1
        percent = self.done * 100 // self.steps
        if percent > self.last:
            self.last = percent
            if self.rows:
                self.write(json.dumps({"wattline": {"share": percent / 100}}))

    def say(self, text):
        if self.rows:
            self.write(json.dumps({"wattline": {"text": text}}))
        elif sys.stderr.isatty():
            self.write(f"{text}…")

    def write(self, line):
        print(line, file=sys.stderr, flush=True)


def verify(plan):
    from .texts import read_samples

    # What is wrong with files is told before the seconds that importing torch takes.
    kind, data = read_samples(plan["data"], plan["samples"])
    check_tokenizer(plan["model"])
    torch, transformers = import_libraries()
    from .matrices import Activations, find_matrices
    from .quality import ClassifierTask, LanguageTask
    from .speed import Classifying, Decoding, measure

    torch.manual_seed(0)
    folder = plan["model"]
    config = load_config(transformers, folder)
    task_name = task_of(config)
    tokenizer = load_tokenizer(transformers, folder)
    longest = getattr(config, "max_position_embeddings", None) or plan["window"]
    window = max(2, min(plan["window"], longest))
    task = (
        LanguageTask(torch, tokenizer, kind, data, plan["samples"], window)
        if task_name == "language"
        else ClassifierTask(torch, tokenizer, kind, data, config, window)
    )
    device, dtype = place(torch, plan["parameters"])
    model = load_model(torch, transformers, folder, task_name, dtype).to(device)
    matrices, missing = find_matrices(model, plan["matrices"])
    if not matrices:
        raise Fault("None of the checkpoint's matrices is found in the model that transformers makes of it.")
    variants = [{"name": name, "formats": [name] * len(matrices)} for name in plan["formats"]]
    variants += [
        {"name": mix["name"], "formats": [mix["overrides"].get(matrix.name, mix["format"]) for matrix in matrices]}
        for mix in plan["mixes"]
    ]
    progress = Progress((1 + len(variants)) * len(task.samples))
    activations = Activations(torch)
    with torch.inference_mode():
        progress.say("Measuring the model as it is")
        baseline, choices = task.measure(model, device, progress.tick)
        measured = []
        for variant in variants:
            progress.say(f"Measuring {variant['name']}, simulated")
            for matrix, format_name in zip(matrices, variant["formats"]):
                matrix.round_to(format_name)
            activations.round_for(matrices, variant["formats"])
            own, own_choices = task.measure(model, device, progress.tick)
            activations.restore()
            measured.append({"name": variant["name"], **own, "agree": task.agreement(own_choices, choices)})
        for matrix in matrices:
            matrix.restore()
            matrix.original = None
    del choices
    spans, unmeasured = [], []
    if plan["seconds"] > 0:
        # In the type that the model is stored in, which is the one that it is served in.
        model = load_model(torch, transformers, folder, task_name, "auto").to(device)
        matrices, _ = find_matrices(model, plan["matrices"])
        work = (
            Decoding(torch, task, device, plan["batch"]) if task_name == "language" else Classifying(torch, task, device)
        )
        with torch.inference_mode():
            spans, unmeasured = measure(
                torch, model, matrices, plan["measured"], work, device, plan["seconds"], progress.say
            )
    return {
        "task": task_name,
        "computedIn": dtype if isinstance(dtype, str) else str(dtype).rpartition(".")[2],
        "device": torch.cuda.get_device_name() if device == "cuda" else "cpu",
        "samples": len(task.samples),
        "window": window,
        "missing": missing[:100],
        "missingCount": len(missing),
        "baseline": baseline,
        "variants": measured,
        "spans": spans,
        "unmeasured": unmeasured,
        "unit": task.unit,
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
        "endS": time.monotonic(),
    }


def place(torch, parameters):
    """Where quality is computed and in which type: float32 where it fits twice, so that only the weights are rounded."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    for where, each in ((device, 4), (device, 2), ("cpu", 4), ("cpu", 2)):
        free = free_bytes(torch, where)
        if free is None or 2.2 * parameters * each < free:
            return where, torch.float32 if each == 4 else "auto"
    raise Fault(
        f"The model has {parameters / 1e9:.1f}B parameters, and twice its size in memory is needed: "
        "for the weights and a copy to restore them."
    )
