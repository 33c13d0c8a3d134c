"""The formats that this Python can really run: a model with real 8- or 4-bit kernels in place of simulated ones.

Each returns the model made ready, or raises `Missing` with the reason. Only matrices that are quantized change.
"""

import copy
import warnings


class Missing(Exception):
    """Why a format cannot be run here; a sentence."""


def as_linear(torch, model, names):
    """Conv1D (GPT-2) to Linear, which kernels are for. Changes the model given."""
    for name, module in list(model.named_modules()):
        if type(module).__name__ != "Conv1D" or name not in names:
            continue
        rows, columns = module.weight.shape
        linear = torch.nn.Linear(rows, columns, device=module.weight.device, dtype=module.weight.dtype)
        linear.weight = torch.nn.Parameter(module.weight.detach().t().contiguous(), requires_grad=False)
        linear.bias = torch.nn.Parameter(module.bias.detach(), requires_grad=False)
        parent = model.get_submodule(name.rpartition(".")[0])
        setattr(parent, name.rpartition(".")[2], linear)
    return model


def int8_dynamic_cpu(torch, model, names):
    """torch's own dynamic quantization: 8-bit weights a channel, activations quantized as they come."""
    if not any(engine != "none" for engine in torch.backends.quantized.supported_engines):
        raise Missing("This PyTorch was built without 8-bit kernels for the processor.")
    from torch.ao.quantization import per_channel_dynamic_qconfig, quantize_dynamic
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return quantize_dynamic(copy.deepcopy(model).float(), dict.fromkeys(names, per_channel_dynamic_qconfig))


def torchao_config(name):
    def make(torch, model, names):
        try:
            from torchao import quantization as ao
        except ImportError:
            raise Missing("torchao, which has a kernel for it, is not in this Python.") from None
        config = {
            "int8-channel": lambda: ao.Int8DynamicActivationInt8WeightConfig(),
            "fp8-e4m3": lambda: ao.Float8DynamicActivationFloat8WeightConfig(granularity=ao.PerRow()),
            "int4-g128": lambda: ao.Int4WeightOnlyConfig(group_size=128),
            "int4-g32": lambda: ao.Int4WeightOnlyConfig(group_size=32),
        }[name]()
        own = copy.deepcopy(model).to(torch.bfloat16)
        ao.quantize_(own, config, filter_fn=lambda module, full: isinstance(module, torch.nn.Linear) and full in names)
        return own
    return make


def nf4(torch, model, names):
    try:
        import bitsandbytes as bnb
    except ImportError:
        raise Missing("bitsandbytes, which has the kernel for it, is not in this Python.") from None
    own = copy.deepcopy(model)
    device = next(own.parameters()).device
    for name in names:
        linear = own.get_submodule(name)
        new = bnb.nn.Linear4bit(linear.in_features, linear.out_features, linear.bias is not None,
                                compute_dtype=linear.weight.dtype, quant_type="nf4")
        new.weight = bnb.nn.Params4bit(linear.weight.data.cpu(), requires_grad=False, quant_type="nf4")
        if linear.bias is not None:
            new.bias = torch.nn.Parameter(linear.bias.data, requires_grad=False)
        setattr(own.get_submodule(name.rpartition(".")[0]), name.rpartition(".")[2], new.to(device))
    return own


def cast(dtype_name):
    def make(torch, model, names):
        dtype = getattr(torch, dtype_name)
        if next(model.parameters()).dtype == dtype:
            raise Missing("It is the baseline.")
        return copy.deepcopy(model).to(dtype)
    return make


def kernel_for(torch, format_name, device):
    if format_name in ("bf16", "fp16"):
        return cast("bfloat16" if format_name == "bf16" else "float16")
    if format_name == "nf4":
        return nf4
    if device == "cpu" and format_name == "int8-channel":
        return int8_dynamic_cpu
    if device == "cuda" and format_name in ("int8-channel", "int4-g128", "int4-g32", "fp8-e4m3"):
        if format_name == "fp8-e4m3" and torch.cuda.get_device_capability() < (8, 9):
            raise Missing("This GPU has no FP8.")
        return torchao_config(format_name)
    where = "the processor" if device == "cpu" else "this GPU"
    raise Missing(f"PyTorch, torchao and bitsandbytes have no kernel for it on {where}; serve it with vLLM or llama.cpp and measure that with `wattline run`.")
