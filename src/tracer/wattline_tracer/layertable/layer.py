"""What a layer is: its name, its weights, where it is made and called, and what rules need to know of it."""

import os
import weakref

from .counting import size_of

# Attributes of modules by the names that the trace has for them; the first that a module has counts.
_ATTRIBUTES = {
    "kernel": ("kernel_size",),
    "stride": ("stride",),
    "padding": ("padding",),
    "dilation": ("dilation",),
    "groups": ("groups", "num_groups"),
    "inChannels": ("in_channels",),
    "outChannels": ("out_channels",),
    "transposed": ("transposed",),
    "inFeatures": ("in_features", "nx"),
    "outFeatures": ("out_features", "nf"),
    "features": ("num_features",),
    "shape": ("normalized_shape",),
    "heads": ("num_heads", "num_attention_heads", "n_heads", "n_head"),
    "kvHeads": ("num_key_value_heads", "num_kv_heads"),
    "headSize": ("head_dim", "attention_head_size"),
    "inputSize": ("input_size",),
    "hiddenSize": ("hidden_size",),
    "depth": ("num_layers",),
    "bidirectional": ("bidirectional",),
    "embeddings": ("num_embeddings",),
    "embeddingSize": ("embedding_dim",),
}
_TEXT_LIMIT = 200


class Layer:
    """One module.

    Attributes:
        id: Its number in the trace; -1 until its row is written.
        module: A weak reference to it.
        name: Dotted, below its outermost module, whose class is `root`.
        calls_others: Whether calls of other modules were seen inside its own.
        own_work: Whether it computes something itself.
        done: By shape and mode of a call, what one computes (see table.py).
        call_site: (path, line) of the code that calls it, or None.
        attention: Attributes of the attention that it computes itself, or None.
    """

    __slots__ = ("id", "module", "name", "root", "calls_others", "own_work", "done", "call_site", "attention")

    def __init__(self, module, name, root):
        self.id = -1
        self.module = weakref.ref(module)
        self.name = name
        self.root = root
        self.calls_others = False
        self.own_work = False
        self.done = {}
        self.call_site = None
        self.attention = None

    def row(self, made_at, several_roots):
        """The `m` row. `made_at` is (path, line) or None."""
        module = self.module()
        attributes = attributes_of(module)
        if type(module).__name__ == "OptimizedModule":
            attributes["compiled"] = 1
            kind = type(module._orig_mod).__name__
        else:
            kind = type(module).__name__
        if self.attention:
            attributes.update(self.attention, module=kind)
            kind = "Attention"
        # What a layer that calls no other holds is its own; a block has its own parameters only.
        weights = list(module.parameters(recurse=not self.calls_others))
        dtypes = [str(w.dtype).rpartition(".")[2] for w in weights]
        place = made_at or (None, 0)
        call = self.call_site or (None, 0)
        name = f"{self.root}.{self.name}" if several_roots and self.name else self.name or self.root
        return [
            "m", self.id, name[:_TEXT_LIMIT], kind, max(dtypes, key=dtypes.count, default=""),
            sum(w.numel() for w in weights), sum(map(size_of, weights)),
            place[0] or "", place[1], call[0] or "", call[1], attributes,
        ]  # fmt: skip


def attributes_of(module):
    """Numbers, short texts and lists of numbers, by the trace's names."""
    found = {}
    values = vars(module)
    for name, candidates in _ATTRIBUTES.items():
        for candidate in candidates:
            value = values.get(candidate)
            if isinstance(value, (bool, int, float)):
                found[name] = int(value) if isinstance(value, bool) else value
            elif isinstance(value, str):
                found[name] = value[:_TEXT_LIMIT]
            elif isinstance(value, tuple) and all(type(one) is int for one in value):
                found[name] = list(value)
            else:
                continue
            break
    tensor = next(module.parameters(), None)
    if tensor is not None:
        found["device"] = str(tensor.device)
    return found


class Places:
    """Where in the source a module is made or called: the innermost frame outside of PyTorch and of ourselves."""

    def __init__(self, torch):
        self.torch = os.path.dirname(torch.__file__) + os.sep
        self.ours = os.path.dirname(os.path.dirname(__file__)) + os.sep

    def of(self, frame, module=None):
        """(path, line), or None.

        Args:
            frame: Where to begin.
            module: Frames of its own construction are passed by.
        """
        while frame is not None:
            code = frame.f_code
            path = code.co_filename
            if not path.startswith((self.torch, self.ours, "<")) and not self._makes(frame, code, module):
                return path, frame.f_lineno or 0
            frame = frame.f_back
        return None

    @staticmethod
    def _makes(frame, code, module):
        if module is None or code.co_name != "__init__" or not code.co_varnames:
            return False
        return frame.f_locals.get(code.co_varnames[0]) is module
