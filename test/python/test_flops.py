"""FLOPs by our rules against values worked out by hand, and against torch.utils.flop_counter for whole models."""

import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

from wattline_tracer.layertable.counting import Work, counting_mode  # noqa: E402


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(before)


def counted(model, *inputs, train=True):
    """(forward, backward) as Work, of one call and the backward of its first output."""
    now = [Work()]
    mode = counting_mode(torch, lambda: now[0])
    with mode:
        out = model(*inputs)
    forward = now[0]
    now[0] = Work()
    while not isinstance(out, torch.Tensor):
        out = out[0]
    if train:
        # Summed outside: the sum is no part of the layer.
        gradient = torch.ones_like(out)
        with mode:
            out.backward(gradient)
    return forward, now[0]


def needs_gradient(*shape):
    return torch.randn(*shape, requires_grad=True)


# Batch 2; the inner layer of a network: its input's gradient is asked for, so backward is twice forward.
PRODUCTS = {
    "linear": (nn.Linear(12, 20), (2, 7, 12), 2 * 14 * 12 * 20),
    "linear without bias": (nn.Linear(12, 20, bias=False), (14, 12), 2 * 14 * 12 * 20),
    "conv 3x3": (nn.Conv2d(8, 16, 3, padding=1), (2, 8, 10, 10), 2 * 2 * 100 * 16 * 8 * 9),
    "conv stride 2": (nn.Conv2d(8, 16, 3, stride=2, padding=1), (2, 8, 10, 10), 2 * 2 * 25 * 16 * 8 * 9),
    "conv dilated": (nn.Conv2d(8, 16, 3, dilation=2), (2, 8, 10, 10), 2 * 2 * 36 * 16 * 8 * 9),
    "conv grouped": (nn.Conv2d(8, 16, 3, groups=4, padding=1), (2, 8, 10, 10), 2 * 2 * 100 * 16 * 2 * 9),
    "conv depthwise": (nn.Conv2d(8, 8, 3, groups=8, padding=1), (2, 8, 10, 10), 2 * 2 * 100 * 8 * 9),
    "conv pointwise": (nn.Conv2d(8, 16, 1), (2, 8, 10, 10), 2 * 2 * 100 * 16 * 8),
    "conv 1d": (nn.Conv1d(8, 16, 5), (2, 8, 20), 2 * 2 * 16 * 16 * 8 * 5),
    "conv transposed": (nn.ConvTranspose2d(8, 16, 3, stride=2), (2, 8, 10, 10), 2 * 2 * 100 * 8 * 16 * 9),
    "conv transposed, grouped": (
        nn.ConvTranspose2d(8, 16, 3, stride=2, groups=2), (2, 8, 10, 10), 2 * 2 * 100 * 8 * 8 * 9),
    "LSTM of two layers": (nn.LSTM(8, 16, 2), (5, 3, 8), 2 * 15 * (4 * 16 * (8 + 16) + 4 * 16 * (16 + 16))),
    "LSTM both ways": (nn.LSTM(8, 16, bidirectional=True), (5, 3, 8), 2 * 2 * 15 * 4 * 16 * (8 + 16)),
    "GRU": (nn.GRU(8, 16), (5, 3, 8), 2 * 15 * 3 * 16 * (8 + 16)),
}  # fmt: skip


@pytest.mark.parametrize("name", PRODUCTS)
def test_products_are_two_a_multiply_add_and_backward_is_twice_forward(name):
    layer, shape, expected = PRODUCTS[name]
    forward, backward = counted(layer, needs_gradient(*shape))
    assert forward.flops == forward.product_flops == expected
    # Written as steps, a GRU asks for no gradient of its first state, which is zero: one of its products less.
    first_state = 2 * 3 * (3 * 16) * 16 if name == "GRU" else 0
    assert backward.flops == 2 * expected - first_state


@pytest.mark.parametrize("name", ["linear", "conv 3x3", "conv grouped", "conv transposed"])
def test_the_first_layer_has_no_gradient_of_its_input_so_backward_is_forward_once(name):
    layer, shape, expected = PRODUCTS[name]
    forward, backward = counted(layer, torch.randn(*shape))
    assert (forward.flops, backward.flops) == (expected, expected)


def fused(q, k, v):
    return F.scaled_dot_product_attention(q, k, v, enable_gqa=True)


def explicit(q, k, v):
    return (q @ k.transpose(-1, -2)).softmax(-1) @ v


def test_attention_is_the_same_fused_and_explicit_and_a_causal_mask_counts_in_full():
    q, k, v = (needs_gradient(2, 4, 6, 8) for _ in range(3))
    expected = 4 * 2 * 4 * 6 * 6 * 8
    for attend in (fused, explicit, lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True)):
        forward, backward = counted(attend, q, k, v)
        assert forward.flops == expected
        # Two products for each of the forward's; what a fused kernel computes again is not the model's.
        assert backward.flops == 2 * expected
    assert counted(fused, q, k, v)[0].attention == ((2, 4, 6, 8), (2, 4, 6, 8))
    assert counted(explicit, q, k, v)[0].explicit_attention


def test_grouped_query_attention_and_unequal_lengths_count_by_the_query_heads():
    q, k, v = needs_gradient(2, 8, 3, 16), torch.randn(2, 2, 10, 16), torch.randn(2, 2, 10, 16)
    assert counted(fused, q, k, v, train=False)[0].flops == 2 * 2 * 8 * 3 * 10 * (16 + 16)


ELEMENTS = {
    "batch norm": (nn.BatchNorm2d(8), (2, 8, 5, 5), 5, 10),
    "batch norm, evaluating": (nn.BatchNorm2d(8).eval(), (2, 8, 5, 5), 2, 10),
    "batch norm without weights": (nn.BatchNorm2d(8, affine=False), (2, 8, 5, 5), 4, 10),
    "layer norm": (nn.LayerNorm(50), (8, 50), 5, 10),
    "layer norm without weights": (nn.LayerNorm(50, elementwise_affine=False), (8, 50), 4, 10),
    "group norm": (nn.GroupNorm(4, 8), (2, 8, 5, 5), 5, 10),
    "ReLU": (nn.ReLU(), (2, 200), 1, 1),
    "GELU": (nn.GELU(), (2, 200), 1, 1),
    "softmax": (nn.Softmax(-1), (2, 200), 5, 4),
    "max pool": (nn.MaxPool2d(2), (2, 8, 10, 5), 1, None),
}


@pytest.mark.parametrize("name", ELEMENTS)
def test_norms_and_activations_count_by_the_element(name):
    layer, shape, per_element, backward_per_element = ELEMENTS[name]
    forward, backward = counted(layer, needs_gradient(*shape))
    elements = 1
    for size in shape:
        elements *= size
    assert forward.product_flops == 0
    # A pool's window of 2x2 is looked at once an output: its output, times four, covers 8 of 10 by 5 rows and columns.
    assert forward.flops == (2 * 8 * 5 * 2 * 4 if name == "max pool" else per_element * elements)
    if backward_per_element is not None:
        assert backward.flops == backward_per_element * elements


def test_an_embedding_computes_nothing_and_an_operation_of_others_is_unknown():
    forward, backward = counted(nn.Embedding(100, 16), torch.randint(0, 100, (2, 7)))
    assert (forward.flops, backward.product_flops) == (0, 0)
    library = torch.library.Library("wattline_test", "DEF")
    library.define("double(Tensor x) -> Tensor")
    library.impl("double", lambda x: x * 2, "CompositeExplicitAutograd")
    assert counted(torch.ops.wattline_test.double, torch.randn(3), train=False)[0].flops is None


def test_inference_mode_hands_over_whole_operations_and_they_count_the_same():
    encoder = nn.TransformerEncoderLayer(32, 4, 64, batch_first=True).eval()
    with torch.inference_mode():
        assert counted(nn.Linear(12, 20), torch.randn(2, 7, 12), train=False)[0].flops == 2 * 14 * 12 * 20
        conv = nn.Conv2d(8, 16, 3, groups=4)
        assert counted(conv, torch.randn(2, 8, 10, 10), train=False)[0].flops == 2 * 2 * 64 * 16 * 2 * 9
        product = counted(lambda a, b: torch.einsum("bij,bjk->bik", a, b), torch.randn(2, 3, 4), torch.randn(2, 4, 5),
                          train=False)[0]  # fmt: skip
        assert product.flops == 2 * 2 * 3 * 4 * 5
        # Projections in and out, two of the feed-forward, attention.
        layer = 2 * 14 * (3 * 32 * 32 + 32 * 32 + 2 * 32 * 64) + 4 * 2 * 7 * 7 * 32
        assert counted(encoder, torch.randn(2, 7, 32), train=False)[0].flops == layer
    assert counted(encoder.train(), torch.randn(2, 7, 32), train=False)[0].flops == layer


def transformer(name):
    transformers = pytest.importorskip("transformers")
    ids = torch.randint(0, 500, (1, 32))
    image = torch.randn(1, 3, 64, 64)
    if name == "ResNet-50":
        return transformers.ResNetForImageClassification(transformers.ResNetConfig()), image
    if name == "MobileNetV2":
        return transformers.MobileNetV2ForImageClassification(transformers.MobileNetV2Config(image_size=64)), image
    if name == "BERT-base":
        return transformers.BertForMaskedLM(transformers.BertConfig(vocab_size=500, num_hidden_layers=4)), ids
    return transformers.GPT2LMHeadModel(transformers.GPT2Config(vocab_size=500, n_layer=4, bos_token_id=0, eos_token_id=0)), ids


@pytest.mark.parametrize("name", ["ResNet-50", "MobileNetV2", "BERT-base", "GPT-2"])
def test_whole_models_agree_with_torchs_counter_where_that_is_right(name):
    model, batch = transformer(name)
    # With dropout, attention on a CPU is not fused.
    model.train("base" not in name and "GPT" not in name)
    forward, backward = counted(model, batch)
    with FlopCounterMode(display=False) as counter:
        out = model(batch)[0]
    theirs = counter.get_total_flops()
    with FlopCounterMode(display=False) as counter:
        out.backward(torch.ones_like(out))
    theirs_backward = counter.get_total_flops()
    # Fused attention on a CPU is not in the counter's list: what we count more is exactly that.
    layers = {"BERT-base": 4, "GPT-2": 4}.get(name, 0)
    attention = layers * 4 * 12 * 32 * 32 * 64
    assert forward.product_flops == theirs + attention
    # It takes the gradient of grouped convolutions' weights for that of full ones: too many by the number of groups.
    overcount = 0
    if name == "MobileNetV2":
        assert theirs_backward > 1.5 * backward.product_flops
        overcount = grouped_overcount(model, batch)
    assert backward.product_flops == theirs_backward - overcount + 2 * attention


def grouped_overcount(model, batch):
    """FLOPs that torch's counter adds for weights' gradients between groups, from the shapes of the outputs."""
    found = []

    def see(module, inputs, output):
        if module.groups > 1:
            x = inputs[0]
            once = 2 * output.numel() * (x.shape[1] // module.groups) * module.weight[0, 0].numel()
            found.append((module.groups - 1) * once)

    handles = [m.register_forward_hook(see) for m in model.modules() if isinstance(m, nn.Conv2d)]
    model(batch)
    for handle in handles:
        handle.remove()
    return sum(found)
