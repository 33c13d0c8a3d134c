"""FLOPs of PyTorch's operations, by the shapes of their arguments. A multiply-add is two.

Products (matrix products, convolutions, attention, recurrent layers) are the model's FLOPs as MFU counts them (Chowdhery
et al. 2022, PaLM, appendix B): without bias, a causal mask counts in full, and a backward of attention without the
scores that a fused kernel computes again. The rest (norms, softmax, activations, sums) is counted an element at a time
as fvcore and LLM-Viewer do; it matters for the operational intensity of such layers, and is left out of the model's sum.
"""

from math import prod


def flops_of(name, args, kwargs, out):
    """FLOPs of one operation.

    Args:
        name: As the dispatcher knows it, without overload: `aten::mm`.
        args, kwargs: Its arguments, tensors and others.
        out: Its result.
    Returns:
        (FLOPs, whether it is a product). (0, False) for what moves data or allocates, (None, False) where no rule is
        known: an operation that is none of PyTorch's own.
    """
    rule = _PRODUCTS.get(name)
    if rule is not None:
        return int(rule(args, kwargs, out)), True
    weight = _PER_OUTPUT.get(name)
    if weight is not None:
        return weight * _numel(out), False
    weight = _PER_INPUT.get(name)
    if weight is not None:
        return weight * _numel(args[0]), False
    rule = _OTHERS.get(name)
    if rule is not None:
        return int(rule(args, kwargs, out)), False
    return (0, False) if name.startswith(("aten::", "prim::", "profiler::", "c10d::")) else (None, False)


def has_rule(name):
    """Whether an operation is counted as a whole, whatever it does inside."""
    return name in _PRODUCTS or name in _PER_OUTPUT or name in _PER_INPUT or name in _OTHERS


def _numel(value):
    while isinstance(value, (tuple, list)) and value:
        value = value[0]
    return value.numel() if hasattr(value, "numel") else 0


# Products.


def _matmul(args, kwargs, out):
    """Shapes as numpy's matmul broadcasts them: every element of the result is a sum over the inner dimension."""
    return 2 * out.numel() * args[0].shape[-1]


def _added_matmul(args, kwargs, out):
    """`addmm`, `baddbmm`, `addmv`: the product stands behind what it is added to."""
    return 2 * out.numel() * args[1].shape[-1]


def _addbmm(args, kwargs, out):
    batch, rows, inner = args[1].shape
    return 2 * batch * rows * inner * args[2].shape[2]


def _dot(args, kwargs, out):
    return 2 * args[0].numel()


def _linear_backward(args, kwargs, out):
    """`(input, grad_output, weight, output_mask)`."""
    grad, weight, mask = args[1], args[2], args[3]
    return 2 * grad.numel() * weight.shape[1] * (int(mask[0]) + int(mask[1]))


def _convolved(x, weight, out, transposed):
    """Every output (of a transposed one: input) element meets the weights of one group: weight is (out, in / groups, …),
    of a transposed convolution (in, out / groups, …)."""
    elements = (x if transposed else out).numel()
    return 2 * elements * prod(weight.shape[1:])


def _convolution(args, kwargs, out):
    transposed = args[6] if len(args) > 6 and isinstance(args[6], bool) else False
    return _convolved(args[0], args[1], out, transposed)


def _transposed_convolution(args, kwargs, out):
    return _convolved(args[0], args[1], out, True)


def _convolution_backward(args, kwargs, out):
    """`(grad_output, input, weight, bias_sizes, stride, padding, dilation, transposed, …, output_mask)`: the gradient of
    the input and that of the weights each meet the same pairs of elements as the forward pass, groups and all."""
    grad, x, weight, transposed, mask = args[0], args[1], args[2], args[7], args[10]
    return _convolved(x, weight, grad, transposed) * (int(mask[0]) + int(mask[1]))


def _attention(args, kwargs, out):
    """Query (…, heads, queries, size), key (…, key heads, keys, size), value (…, key heads, keys, value size): key
    heads that several query heads share are read once and used by each."""
    query, key, value = args[0], args[1], args[2]
    return 2 * prod(query.shape[:-1]) * key.shape[-2] * (query.shape[-1] + value.shape[-1])


def _attention_backward(args, kwargs, out):
    """`(grad_out, query, key, value, …)`: two products for each of the forward's."""
    return 2 * _attention(args[1:], kwargs, out)


def _var_length_attention(args, kwargs, out):
    """Flash attention over packed sequences, `(query, key, value, ends, key ends, max, max)`; tokens × heads × size. Each
    sequence counts as the longest: the lengths are on the device, and reading them would wait for it."""
    query, key = args[0], args[1]
    if len(args) > 6 and isinstance(args[6], int) and query.dim() == 3:
        return 4 * query.numel() * args[6]
    return 4 * query.numel() * key.shape[1]


def _weights(values):
    """Elements of the matrices among the weights of a recurrent layer (biases are vectors)."""
    return sum(w.numel() for w in values if hasattr(w, "dim") and w.dim() == 2)


def _rnn_layer(args, kwargs, out):
    """`mkldnn_rnn_layer(input, w0, w1, …)`: input is (time, batch, size); each step meets every weight once."""
    return 2 * prod(args[0].shape[:-1]) * _weights(args[1:5])


def _rnn_layer_backward(args, kwargs, out):
    return 2 * _rnn_layer(args, kwargs, out)


def _rnn(args, kwargs, out):
    """`lstm(input, hx, params, …)`, `gru`, `rnn_tanh`, `_cudnn_rnn(input, weights, …)`."""
    lists = [a for a in args[1:4] if isinstance(a, (tuple, list))]
    return 2 * prod(args[0].shape[:-1]) * max(map(_weights, lists), default=0)


def _rnn_backward(args, kwargs, out):
    return 2 * _rnn(args, kwargs, out)


def _encoder_layer(args, kwargs, out):
    """`_transformer_encoder_layer_fwd(src, size, heads, qkv, …)`: products with all its matrices, and attention."""
    source = args[0]
    batch, length, size = source.shape
    return 2 * batch * length * _weights(args[3:]) + 4 * batch * length * length * size


_PRODUCTS = {
    "aten::mm": _matmul,
    "aten::bmm": _matmul,
    "aten::mv": _matmul,
    "aten::matmul": _matmul,
    "aten::linear": lambda args, kwargs, out: 2 * out.numel() * args[0].shape[-1],
    "aten::mkldnn_linear": lambda args, kwargs, out: 2 * out.numel() * args[0].shape[-1],
    "aten::_int_mm": _matmul,
    "aten::_scaled_mm": _matmul,
    "aten::_weight_int8pack_mm": _matmul,
    "aten::dot": _dot,
    "aten::vdot": _dot,
    "aten::addmm": _added_matmul,
    "aten::_addmm_activation": _added_matmul,
    "aten::baddbmm": _added_matmul,
    "aten::addmv": _added_matmul,
    "aten::addbmm": _addbmm,
    "aten::linear_backward": _linear_backward,
    "aten::convolution": _convolution,
    "aten::_convolution": _convolution,
    "aten::convolution_overrideable": _convolution,
    "aten::conv1d": _convolution,
    "aten::conv2d": _convolution,
    "aten::conv3d": _convolution,
    "aten::cudnn_convolution": _convolution,
    "aten::mkldnn_convolution": _convolution,
    "aten::conv_transpose1d": _transposed_convolution,
    "aten::conv_transpose2d": _transposed_convolution,
    "aten::conv_transpose3d": _transposed_convolution,
    "aten::convolution_backward": _convolution_backward,
    "aten::scaled_dot_product_attention": _attention,
    "aten::_scaled_dot_product_flash_attention": _attention,
    "aten::_scaled_dot_product_flash_attention_for_cpu": _attention,
    "aten::_scaled_dot_product_efficient_attention": _attention,
    "aten::_scaled_dot_product_cudnn_attention": _attention,
    "aten::_scaled_dot_product_fused_attention_overrideable": _attention,
    "aten::_scaled_dot_product_attention_math": _attention,
    "aten::_scaled_dot_product_flash_attention_backward": _attention_backward,
    "aten::_scaled_dot_product_flash_attention_for_cpu_backward": _attention_backward,
    "aten::_scaled_dot_product_efficient_attention_backward": _attention_backward,
    "aten::_scaled_dot_product_cudnn_attention_backward": _attention_backward,
    "aten::_scaled_dot_product_fused_attention_overrideable_backward": _attention_backward,
    "aten::_flash_attention_forward": _var_length_attention,
    "aten::mkldnn_rnn_layer": _rnn_layer,
    "aten::mkldnn_rnn_layer_backward": _rnn_layer_backward,
    "aten::lstm": _rnn,
    "aten::gru": _rnn,
    "aten::rnn_tanh": _rnn,
    "aten::rnn_relu": _rnn,
    "aten::_cudnn_rnn": _rnn,
    "aten::_cudnn_rnn_backward": _rnn_backward,
    "aten::_transformer_encoder_layer_fwd": _encoder_layer,
}

ATTENTION = frozenset(name for name, rule in _PRODUCTS.items() if rule in (_attention, _var_length_attention))
SOFTMAX = frozenset(("aten::_softmax", "aten::softmax", "aten::_safe_softmax"))


# A number of operations an element.


def _affine(with_weight, without):
    """A norm's cost an element, `(input, …)`: whether it scales and shifts is told by a weight among its arguments."""

    def rule(args, kwargs, out):
        scaled = any(hasattr(arg, "dim") and arg.dim() == 1 for arg in args[1:5])
        return (with_weight if scaled else without) * args[0].numel()

    return rule


def _batch_norm(args, kwargs, out):
    """`(input, weight, bias, running_mean, running_var, training, …)`: mean and variance only in training."""
    scaled = args[1] is not None
    training = args[5] is True
    return args[0].numel() * ((5 if scaled else 4) if training else (2 if scaled else 1))


def _norm_backward(args, kwargs, out):
    return 10 * args[0].numel()


def _pool(args, kwargs, out):
    """`(input, kernel, …)`: each output element looks at the elements of its window."""
    kernel = args[1] if isinstance(args[1], (tuple, list)) else [args[1]]
    dimensions = max(1, args[0].dim() - 2)
    window = prod(kernel) if len(kernel) > 1 else kernel[0] ** dimensions
    return _numel(out) * window


_OTHERS = {
    "aten::native_layer_norm": _affine(5, 4),
    "aten::layer_norm": lambda args, kwargs, out: (5 if len(args) > 2 and args[2] is not None else 4) * args[0].numel(),
    "aten::native_group_norm": _affine(5, 4),
    "aten::_fused_rms_norm": _affine(4, 3),
    "aten::rms_norm": lambda args, kwargs, out: (4 if len(args) > 2 and args[2] is not None else 3) * args[0].numel(),
    "aten::native_batch_norm": _batch_norm,
    "aten::cudnn_batch_norm": _batch_norm,
    "aten::_batch_norm_with_update": lambda args, kwargs, out: (5 if args[1] is not None else 4) * args[0].numel(),
    "aten::_native_batch_norm_legit": _batch_norm,
    "aten::native_layer_norm_backward": _norm_backward,
    "aten::native_group_norm_backward": _norm_backward,
    "aten::native_batch_norm_backward": _norm_backward,
    "aten::cudnn_batch_norm_backward": _norm_backward,
    "aten::batch_norm_backward": _norm_backward,
    "aten::_fused_rms_norm_backward": lambda args, kwargs, out: 8 * args[0].numel(),
    "aten::max_pool2d_with_indices": _pool,
    "aten::max_pool2d": _pool,
    "aten::max_pool3d_with_indices": _pool,
    "aten::avg_pool2d": _pool,
    "aten::avg_pool3d": _pool,
}

_ELEMENTWISE = (
    "add sub mul div neg abs sqrt rsqrt reciprocal pow exp log sin cos where clamp clamp_min clamp_max maximum minimum "
    "relu gelu silu sigmoid tanh hardtanh hardswish hardsigmoid leaky_relu elu softplus mish hardshrink celu selu erf "
    "addcmul addcdiv lerp masked_fill native_dropout rsub threshold_backward gelu_backward silu_backward "
    "sigmoid_backward tanh_backward hardtanh_backward hardswish_backward hardsigmoid_backward leaky_relu_backward "
    "elu_backward mish_backward softplus_backward native_dropout_backward upsample_nearest2d upsample_nearest1d"
).split()

_PER_OUTPUT = {f"aten::{name}": 1 for name in _ELEMENTWISE}
_PER_OUTPUT.update({f"aten::{name}_": 1 for name in _ELEMENTWISE})
_PER_OUTPUT.update(
    {
        "aten::_softmax": 5,
        "aten::softmax": 5,
        "aten::_safe_softmax": 5,
        "aten::_log_softmax": 5,
        "aten::_softmax_backward_data": 4,
        "aten::_log_softmax_backward_data": 4,
        "aten::upsample_bilinear2d": 4,
        "aten::upsample_bicubic2d": 16,
    }
)

_PER_INPUT = {
    "aten::sum": 1,
    "aten::mean": 1,
    "aten::amax": 1,
    "aten::amin": 1,
    "aten::max": 1,
    "aten::var": 3,
    "aten::linalg_vector_norm": 2,
    "aten::_adaptive_avg_pool2d": 1,
    "aten::cumsum": 1,
    "aten::avg_pool2d_backward": 1,
    "aten::max_pool2d_with_indices_backward": 1,
    "aten::_adaptive_avg_pool2d_backward": 1,
}
