"""The matrices of a loaded model that the checkpoint's linear weights became, and rounding them in place."""

from .simulate import SCHEMES, quantize


class Matrix:
    """One linear weight: its parameter, whether it lies input x output (Conv1D), and its module where it has one."""

    def __init__(self, name, parameter, module, transposed):
        self.name, self.parameter, self.module, self.transposed = name, parameter, module, transposed
        self.original = None

    def round_to(self, format_name):
        parameter = self.parameter
        if format_name not in SCHEMES:  # a layer that keeps its 16 bits
            return self.restore()
        if self.original is None:
            self.original = parameter.detach().clone()
        weights = self.original.float()
        shape = weights.shape
        rows = weights.t().contiguous() if self.transposed else weights.reshape(-1, shape[-1])
        rounded = quantize(rows, format_name)
        rounded = rounded.t() if self.transposed else rounded.view(shape)
        parameter.copy_(rounded.to(parameter.dtype))
        return None

    def restore(self):
        if self.original is not None:
            self.parameter.copy_(self.original)


def find_matrices(model, names):
    """Parameters of the model by the checkpoint's names, which may lack the model's own prefix or carry one of theirs.

    Returns:
        matrices in the order of the names, and the names that the model has no parameter for.
    """
    parameters = dict(model.named_parameters())
    by_suffix = {}
    for own in parameters:
        parts = own.split(".")
        for cut in range(len(parts)):
            by_suffix.setdefault(".".join(parts[cut:]), []).append(own)
    modules = dict(model.named_modules())
    found, missing, taken = [], [], set()
    for name in names:
        own = name if name in parameters else unique(by_suffix, name)
        if own is None or own in taken:
            missing.append(name)
            continue
        taken.add(own)
        module = modules.get(own.rpartition(".")[0])
        found.append(Matrix(name, parameters[own], module, type(module).__name__ == "Conv1D"))
    return found, missing


def unique(by_suffix, name):
    """`h.0.mlp.c_fc.weight` is the model's `transformer.h.0.mlp.c_fc.weight`; `model.x` may be its `x`."""
    parts = name.split(".")
    for cut in range(len(parts)):
        owners = by_suffix.get(".".join(parts[cut:]), [])
        if len(owners) == 1:
            return owners[0]
        if owners:
            return None
    return None


class Activations:
    """Inputs of the 8-bit formats' matrices rounded to 8 bits a token, as W8A8 does it at run time."""

    def __init__(self, torch):
        self.torch = torch
        self.handles = []

    def round_for(self, matrices, formats):
        for matrix, format_name in zip(matrices, formats):
            if matrix.module is not None and format_name in ("int8-channel", "fp8-e4m3"):
                self.handles.append(matrix.module.register_forward_pre_hook(self.hook(format_name)))

    def hook(self, format_name):
        def before(_, arguments):
            x, *rest = arguments
            flat = x.reshape(-1, x.shape[-1]).float()
            return (quantize(flat, format_name).view(x.shape).to(x.dtype), *rest)
        return before

    def restore(self):
        for handle in self.handles:
            handle.remove()
        self.handles = []
