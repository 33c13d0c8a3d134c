"""The user's model and tokenizer, from their folder alone: no network, no code of the model's own, no pickle."""

import os

from .fault import Fault

# Set before transformers is imported.
OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TRANSFORMERS_VERBOSITY": "error",
}


def import_libraries():
    os.environ.update(OFFLINE)
    try:
        import torch
    except ImportError as error:
        raise Fault(f"This Python has no PyTorch ({error}). Choose the Python that your model runs in.") from None
    try:
        import transformers
    except ImportError as error:
        raise Fault(f"This Python has no transformers ({error}). Choose the Python that your model runs in.") from None
    transformers.utils.logging.disable_progress_bar()
    return torch, transformers


LOCAL = {"local_files_only": True, "trust_remote_code": False}


def load_config(transformers, folder):
    try:
        config = transformers.AutoConfig.from_pretrained(folder, **LOCAL)
    except Exception as error:
        raise Fault(f"transformers cannot read {folder}/config.json: {first_line(error)}") from None
    if getattr(config, "quantization_config", None) is not None:
        raise Fault("The model is quantized already: verify needs the weights that it was made from.")
    return config


def task_of(config):
    names = config.architectures or []
    name = names[0] if names else ""
    if name.endswith("ForSequenceClassification"):
        return "classification"
    if name.endswith(("ForCausalLM", "LMHeadModel")):
        return "language"
    raise Fault(
        f"{name or 'A model without a named architecture'} cannot be verified: Wattline measures perplexity of models that write text "
        "(…ForCausalLM) and accuracy of classifiers (…ForSequenceClassification)."
    )


def load_model(torch, transformers, folder, task, dtype):
    """Evaluation mode, on the GPU where there is one and the model fits."""
    kind = transformers.AutoModelForCausalLM if task == "language" else transformers.AutoModelForSequenceClassification
    major, minor = (int(part) for part in transformers.__version__.split(".")[:2])
    key = "dtype" if (major, minor) >= (4, 56) else "torch_dtype"
    try:
        model = kind.from_pretrained(folder, use_safetensors=True, **{key: dtype}, **LOCAL)
    except Exception as error:
        raise Fault(f"transformers cannot load {folder}: {first_line(error)}") from None
    model.eval()
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    return model


# One of these holds the words of every tokenizer; without any, transformers makes up an empty one.
WORDS = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "spiece.model", "sentencepiece.bpe.model",
         "tekken.json", "merges.txt")


def check_tokenizer(folder):
    if not any(os.path.exists(os.path.join(folder, name)) for name in WORDS):
        raise Fault(f"{folder} has no tokenizer (tokenizer.json, tokenizer.model, vocab.json …): texts cannot be read without.")


def load_tokenizer(transformers, folder):
    try:
        return transformers.AutoTokenizer.from_pretrained(folder, **LOCAL)
    except Exception as error:
        raise Fault(f"{folder} has no tokenizer that transformers can read: {first_line(error)}") from None


def free_bytes(torch, device):
    """Memory that can be had; None where nobody says."""
    if device == "cuda":
        return torch.cuda.mem_get_info()[0]
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith("MemAvailable"))
    except (OSError, StopIteration, ValueError):
        return None


def first_line(error):
    return (str(error).strip().split("\n") or [""])[0][:300] or type(error).__name__
