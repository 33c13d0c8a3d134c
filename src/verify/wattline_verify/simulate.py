"""Simulated quantization in PyTorch: the same float32 steps as src/analysis/quantization/simulate.ts, the same bits.

Rows are output channels; groups run along the input dimension, and a last group that is shorter is one of its own. A group
without a scale stays as it is. Definitions: docs/quantization.md.
"""

import torch

# The levels of QLoRA's NormalFloat.
NF4 = torch.tensor(
    [-1, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
     -0.09105003625154495, 0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
     0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1],
)
# Shares of the absmax that are tried as a clip, largest first.
CLIPS = torch.arange(100, 30, -1, dtype=torch.float64).div(100).float()
# Weights that are rounded at a time: temporaries stay small, whatever the matrix.
BLOCK_WEIGHTS = 2 ** 22


def scaled(group, scale, quantize):
    """Where the scale is 0 the group stays."""
    safe = torch.where(scale > 0, scale, torch.ones_like(scale))
    return torch.where(scale > 0, quantize(group / safe) * scale, group)


def absmax(group):
    return group.abs().amax(1, keepdim=True)


def symmetric(divisor, low, high):
    return lambda group: scaled(group, absmax(group) / divisor, lambda u: u.round().clamp(low, high))


def squared_error(group, rounded):
    """Summed in the order of the weights, in float64: any other order could decide a tie another way."""
    error = (group - rounded).double() ** 2
    total = torch.zeros((group.shape[0], 1), dtype=torch.float64, device=group.device)
    for column in range(group.shape[1]):
        total += error[:, column:column + 1]
    return total


def clipped(group):
    """The clip with the least squared error of the group; a tie goes to the larger."""
    best_error = torch.full((group.shape[0], 1), float("inf"), dtype=torch.float64, device=group.device)
    best = group.clone()
    most = absmax(group)
    for clip in CLIPS.to(group.device):
        rounded = scaled(group, clip * most / 7, lambda u: u.round().clamp(-8, 7))
        error = squared_error(group, rounded)
        better = error < best_error
        best = torch.where(better, rounded, best)
        best_error = torch.where(better, error, best_error)
    return best


def asymmetric(levels):
    def rounding(group):
        least, most = group.amin(1, keepdim=True), group.amax(1, keepdim=True)
        scale = (most - least) / levels
        safe = torch.where(scale > 0, scale, torch.ones_like(scale))
        zero = (-least / safe).round()
        q = ((group / safe).round() + zero).clamp(0, levels)
        return torch.where(scale > 0, (q - zero) * scale, group)
    return rounding


def e4m3(values):
    return values.clamp(-448, 448).to(torch.float8_e4m3fn).float()


def e2m1(values):
    magnitude = values.abs()
    step = torch.where(magnitude < 2, 0.5, torch.where(magnitude < 4, 1.0, 2.0))
    return values.sign() * ((magnitude / step).round() * step).clamp(max=6)


def fp8(group):
    return scaled(group, absmax(group) / 448, e4m3)


def nf4(group):
    levels = NF4.to(group.device)
    midpoints = (levels[1:] + levels[:-1]) / 2
    return scaled(group, absmax(group), lambda u: levels[torch.bucketize(u.contiguous(), midpoints)])


def nvfp4(tensor_absmax):
    tensor_scale = tensor_absmax / 2688

    def rounding(group):
        scale = e4m3(absmax(group) / 6 / tensor_scale) * tensor_scale
        return torch.where(scale > 0, scaled(group, scale, e2m1), torch.zeros_like(group))
    return rounding


def mxfp4(group):
    most = absmax(group)
    _, exponent = torch.frexp(most)
    scale = torch.where(most > 0, torch.ldexp(torch.ones_like(most), exponent - 3), torch.zeros_like(most))
    return scaled(group, scale, e2m1)


# Group size (0: the whole row), and how a group is rounded.
SCHEMES = {
    "int8-channel": (0, symmetric(127, -127, 127)),
    "fp8-e4m3": (0, fp8),
    "int4-g128": (128, symmetric(7, -8, 7)),
    "int4-g128-mse": (128, clipped),
    "int4-g128-asym": (128, asymmetric(15)),
    "int4-g32": (32, symmetric(7, -8, 7)),
    "nf4": (64, nf4),
    "nvfp4": (16, None),  # its scale is made of the whole tensor's absmax
    "mxfp4": (32, mxfp4),
    "int3-g128": (128, asymmetric(7)),
    "int2-g128": (128, asymmetric(3)),
}


def in_groups(rows, size, rounding):
    columns = rows.shape[1]
    if size == 0 or columns <= size:
        return rounding(rows)
    whole = columns - columns % size
    body = rounding(rows[:, :whole].reshape(-1, size)).view(rows.shape[0], whole)
    return body if whole == columns else torch.cat([body, rounding(rows[:, whole:])], dim=1)


@torch.no_grad()
def quantize(weights, format_name):
    """Weights rounded to a format and back.

    Args:
        weights: rows x columns, float32, finite; rows are output channels.
    Returns:
        float32 of the same shape, on the same device.
    """
    size, rounding = SCHEMES[format_name]
    if rounding is None:
        most = weights.abs().max()
        if most / 2688 == 0:
            return weights.clone()
        rounding = nvfp4(most)
    block = max(1, BLOCK_WEIGHTS // max(1, weights.shape[1]))
    return torch.cat([in_groups(weights[at:at + block], size, rounding) for at in range(0, weights.shape[0], block)])
