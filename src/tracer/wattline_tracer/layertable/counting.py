"""Sees every operation of an iteration through a `TorchDispatchMode`, and adds up what each layer's compute.

The mode changes no result. It makes an operation some ten microseconds slower, so the iteration whose operations are
counted is not one whose layers are timed.
"""

from .flops import ATTENTION, SOFTMAX, flops_of, has_rule

_BATCHED = frozenset(("aten::bmm", "aten::baddbmm", "aten::matmul"))


class Work:
    """What was computed on behalf of one layer in one pass.

    Attributes:
        product_flops, element_flops: By the rules of flops.py; `unknown` where an operation has none.
        read_bytes, written_bytes: Of tensors that its own operations take and make, views aside.
        dtype: Of the factors of its largest product, or "".
        attention: Shapes of query and key of the last fused attention, or None.
        explicit_attention: Products of a batch of matrices with a softmax between them.
    """

    __slots__ = (
        "product_flops", "element_flops", "unknown", "read_bytes", "written_bytes", "dtype", "largest",
        "attention", "batched", "softmax",
    )  # fmt: skip

    def __init__(self):
        self.product_flops = self.element_flops = self.read_bytes = self.written_bytes = 0
        self.unknown = False
        self.dtype = ""
        self.largest = 0
        self.attention = None
        self.batched = 0
        self.softmax = False

    @property
    def flops(self):
        """Of the products; of a layer without any, those of its elements. None where they are not known."""
        return None if self.unknown else self.product_flops or self.element_flops

    @property
    def explicit_attention(self):
        return self.softmax and self.batched >= 2

    def add(self, name, args, kwargs, out, tensor):
        """One operation. `tensor` is `torch.Tensor`."""
        try:
            flops, product = flops_of(name, args, kwargs, out)
        except Exception:  # Arguments in an order that this version of the rules does not know.
            flops, product = None, False
        made = tensors_in(out, tensor)
        if flops is None:
            self.unknown = True
        elif product:
            self.product_flops += flops
            if flops > self.largest:
                self.largest = flops
                factor = args[1] if name.startswith("aten::add") or name == "aten::baddbmm" else args[0]
                self.dtype = dtype_of(factor, name)
        elif flops and made and made[0].is_floating_point():
            self.element_flops += flops
        if name in ATTENTION:
            self.attention = tuple(args[0].shape), tuple(args[1].shape)
        elif name in SOFTMAX:
            self.softmax = True
        elif name in _BATCHED:
            self.batched += 1
        self.read_bytes += sum(map(size_of, tensors_in(args, tensor)))
        self.written_bytes += sum(map(size_of, made))


def size_of(tensor):
    """Bytes of a tensor's elements."""
    return tensor.numel() * tensor.element_size()


def tensors_in(value, kind, depth=3):
    """The tensors in a value: a tensor, or sequences and mappings of them, a few levels deep."""
    if isinstance(value, kind):
        return [value]
    if depth and isinstance(value, (tuple, list)):
        return [found for one in value for found in tensors_in(one, kind, depth - 1)]
    if depth and isinstance(value, dict):
        return [found for one in value.values() for found in tensors_in(one, kind, depth - 1)]
    return []


def dtype_of(tensor, name):
    """`float32` and the like; `tf32` where the GPU may round the factors of this product to that."""
    dtype = str(tensor.dtype).rpartition(".")[2]
    if dtype == "float32" and tensor.is_cuda:
        import torch

        convolves = "conv" in name or "rnn" in name
        allowed = torch.backends.cudnn.allow_tf32 if convolves else torch.backends.cuda.matmul.allow_tf32
        if allowed and torch.cuda.get_device_capability(tensor.device)[0] >= 8:
            return "tf32"
    return dtype


def counting_mode(torch, work_of):
    """A mode that hands each operation to the work that is going on.

    Args:
        torch: The module.
        work_of: Called without arguments, says which Work an operation belongs to.
    Returns:
        The mode; its `made` holds weak references to the memory that operations made, with its size.
    """
    from torch.multiprocessing.reductions import StorageWeakRef
    from torch.utils._python_dispatch import TorchDispatchMode

    has_kernel = torch._C._dispatch_has_kernel_for_dispatch_key
    tensor = torch.Tensor

    class Counting(TorchDispatchMode):
        def __init__(self):
            super().__init__()
            self.made = {}
            self.composite = {}

        @classmethod
        def _should_skip_dynamo(cls):
            return False

        def decomposes(self, func, name):
            """Whether an operation is nothing but others: in inference mode these arrive whole."""
            answer = self.composite.get(func)
            if answer is None:
                full = func.name()
                answer = (
                    not has_rule(name)
                    and has_kernel(full, "CompositeImplicitAutograd")
                    and not any(has_kernel(full, key) for key in ("CPU", "CUDA", "CompositeExplicitAutograd"))
                )
                self.composite[func] = answer
            return answer

        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            kwargs = kwargs or {}
            name = func._schema.name
            if self.decomposes(func, name):
                with self:
                    out = func.decompose(*args, **kwargs)
                if out is not NotImplemented:
                    return out
            out = func(*args, **kwargs)
            try:
                if not is_view(func):
                    work_of().add(name, args, kwargs, out, tensor)
                    for one in tensors_in(out, tensor):
                        storage = one.untyped_storage()
                        self.made[storage._cdata] = StorageWeakRef(storage), storage.nbytes()
            except Exception:
                pass  # A tensor without memory of its own (a subclass): nothing to add.
            return out

        def alive_bytes(self, kept):
            """Bytes that operations made and that somebody still holds, without those of the storages in `kept`."""
            self.made = {key: one for key, one in self.made.items() if not one[0].expired()}
            return sum(size for key, (_, size) in self.made.items() if key not in kept)

    # The base class wraps the method for torch.compile, whose import takes a second; nothing is compiled here.
    plain = Counting.__dict__["__torch_dispatch__"]
    Counting.__torch_dispatch__ = getattr(plain, "__wrapped__", plain)
    return Counting()


def is_view(func):
    """Whether an operation only looks at its argument's memory in another way."""
    returns = func._schema.returns
    alias = returns[0].alias_info if returns else None
    return alias is not None and not alias.is_write
