"""The layer table: right numbers and lines, the same weights to the bit, the same errors to the letter, and nothing left
of it outside of its iterations."""

import textwrap

import pytest

from harness import same, write

pytest.importorskip("torch")

HASH = """
def digest(*models):
    import hashlib
    return hashlib.sha256(b"".join(p.detach().numpy().tobytes() for m in models for p in m.parameters())).hexdigest()
"""
SAMPLED = [8, 9, 10, 20]


def script(folder, text):
    write(folder, train=textwrap.dedent(text) + HASH + "print(digest(*models))\n")


class Layers:
    """A trace's layer table by name: what one iteration's row says."""

    def __init__(self, trace):
        self.trace = trace
        self.rows = {row[2]: dict(zip(("id", "name", "type", "dtype", "parameters", "bytes", "path", "line",
                                       "call_path", "call_line", "attributes"), row[1:]))
                     for row in trace.named("m")}  # fmt: skip
        self.measures = {}
        for row in trace.named("y"):
            names = ("calls", "seconds", "flops", "read", "written", "dtype", "input", "output", "loop")
            self.measures.setdefault((row[1], row[2], row[3]), dict(zip(names, row[4:])))

    def of(self, name, passing="forward", iteration=10):
        return self.measures.get((self.rows[name]["id"], passing, iteration))

    def flops(self, name):
        """(forward, backward)"""
        forward, backward = self.of(name), self.of(name, "backward")
        return forward["flops"], backward["flops"] if backward else None


NET = """\
import torch
from torch import nn
import torch.nn.functional as F
torch.manual_seed(0); torch.set_num_threads(1)
class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(16, 16, 3, padding=1, groups=4)
        self.norm = nn.BatchNorm2d(16)
    def forward(self, x):
        return F.relu(x + self.norm(self.conv(x)))
class Attention(nn.Module):
    num_heads = 4
    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(16, 48)
    def forward(self, x):
        q, k, v = self.qkv(x).view(4, 64, 3, 4, 4).permute(2, 0, 3, 1, 4)
        return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(4, 64, 16)
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3, padding=1)
        self.act = nn.ReLU(inplace=True)
        block = Block()
        self.blocks = nn.Sequential(block, block)
        self.attention = Attention()
        self.head = nn.Linear(16, 10)
        self.fail = False
    def forward(self, x):
        x = self.blocks(self.act(self.stem(x)))
        if self.fail:
            raise ValueError("in forward")
        return self.head(self.attention(x.flatten(2).transpose(1, 2)).mean(1))
model = Net()
models = [model]
optimizer = torch.optim.Adam(model.parameters())
data = [(torch.randn(4, 3, 8, 8), torch.randint(0, 10, (4,))) for _ in range(24)]
loss_of = nn.CrossEntropyLoss()
"""


def test_a_training_run_has_a_layer_table_and_the_same_weights(tmp_path):
    script(tmp_path, NET + """\
def evaluate():
    with torch.no_grad():
        for x, y in data[:2]:
            model(x)
for k, (x, y) in enumerate(data):
    optimizer.zero_grad()
    loss = loss_of(model(x), y)
    loss.backward()
    optimizer.step()
    if k in SAMPLED: evaluate()
print([len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules()])
print(torch.utils._python_dispatch._get_current_dispatch_mode())
""".replace("SAMPLED", str(SAMPLED)))  # fmt: skip
    trace = same(["train.py"], tmp_path).trace
    assert trace.notes() == []
    loop = trace.loops
    (training,) = [id for id, of in loop.items() if of[2] == "training"]
    assert [row[2] for row in trace.named("i") if row[1] == training and row[5:] == [1]] == SAMPLED
    table = Layers(trace)
    assert {key[2] for key in table.measures} == set(SAMPLED[1:])
    assert {row["loop"] for row in table.measures.values()} == {training}
    # By hand: batch 4, 8x8 pictures; the block's weights are used twice.
    assert table.flops("stem") == (2 * 4 * 64 * 16 * 27, 2 * 4 * 64 * 16 * 27)
    conv = 2 * (2 * 4 * 64 * 16 * 4 * 9)
    assert table.flops("blocks.0.conv") == (conv, 2 * conv)
    assert table.flops("blocks.0.norm") == (2 * 5 * 4096, 2 * 10 * 4096)
    assert table.flops("blocks.0")[0] == 2 * 2 * 4096
    assert table.flops("attention") == (4 * 4 * 4 * 64 * 64 * 4, 2 * 4 * 4 * 4 * 64 * 64 * 4)
    assert table.flops("attention.qkv") == (2 * 256 * 16 * 48, 2 * 2 * 256 * 16 * 48)
    assert table.flops("head") == (2 * 4 * 16 * 10, 2 * 2 * 4 * 16 * 10)
    assert table.of("blocks.0.conv")["calls"] == 2 == table.of("blocks.0.conv", "backward")["calls"]
    assert "blocks.1" not in table.rows
    conv = table.of("blocks.0.conv")
    assert (conv["input"], conv["output"], conv["dtype"]) == ([4, 16, 8, 8], [4, 16, 8, 8], "float32")
    assert (conv["read"], conv["written"]) == (2 * 4096 * 4, 2 * 4096 * 4)
    first = table.of("stem", "backward")
    assert (first["read"], first["written"]) == (4 * 16 * 64 * 4 + 4 * 3 * 64 * 4, 0)
    assert all(0 < row["seconds"] < 10 for row in table.measures.values())
    row = table.rows["blocks.0.conv"]
    assert (row["type"], row["dtype"], row["parameters"], row["bytes"]) == ("Conv2d", "float32", 592, 592 * 4)
    assert (row["line"], row["call_line"]) == (8, 11)
    assert row["path"] == row["call_path"] == str(tmp_path / "train.py")
    assert row["attributes"]["groups"] == 4 and row["attributes"]["kernel"] == [3, 3]
    assert table.rows["attention"]["type"] == "Attention"
    assert table.rows["attention"]["attributes"]["fused"] == 1
    assert table.rows["attention"]["attributes"]["keys"] == 64
    assert table.rows["CrossEntropyLoss"]["line"] == 39
    # Times of one iteration do not overlap: they are within it.
    (_, _, start, duration) = next(row[1:5] for row in trace.named("i") if row[1:3] == [training, 10])
    assert sum(m["seconds"] for key, m in table.measures.items() if key[2] == 10) < duration
    parameters = sum(row["parameters"] for row in table.rows.values())
    assert trace.counters("parameters") == [parameters]
    assert trace.counters("parameter_bytes") == [4 * parameters] == trace.counters("gradient_bytes")
    # Two moments an element, and a step a parameter tensor (10 of them).
    assert trace.counters("optimizer_state_bytes") == [8 * parameters + 4 * 10]
    products = ("stem", "blocks.0.conv", "attention", "attention.qkv", "head")
    assert trace.counters("flops_per_iteration") == [sum(sum(table.flops(name)) for name in products)]
    # Outputs of stem, two blocks' conv and norm, their sums; not the picture itself.
    assert 6 * 4096 * 4 <= trace.counters("activation_bytes")[0] <= 16 * 4096 * 4


def test_errors_in_sampled_iterations_look_as_they_did(tmp_path):
    script(tmp_path, NET + """\
import traceback
for k, (x, y) in enumerate(data):
    model.fail = k in (8, 10)
    try:
        loss = loss_of(model(x[:, :2] if k in (9, 20) else x), y)
        loss.backward()
        if k == 11: loss.backward()
        optimizer.step()
    except Exception:
        print(traceback.format_exc())
""")  # fmt: skip
    ran = same(["train.py"], tmp_path)
    assert ran.out.count(b"in forward") >= 2
    assert ran.trace.notes() == []


def test_recurrent_shared_checkpointed_and_mixed_precision_layers(tmp_path):
    script(tmp_path, """\
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint
torch.manual_seed(0); torch.set_num_threads(1)
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(50, 16)
        self.rnn = nn.LSTM(16, 16, batch_first=True)
        self.again = nn.Sequential(nn.Linear(16, 32), nn.GELU(), nn.Linear(32, 16))
        self.out = nn.Linear(16, 50, bias=False)
        self.out.weight = self.embed.weight
    def forward(self, ids):
        h, _ = self.rnn(self.embed(ids))
        h = checkpoint(self.again, h, use_reentrant=False)
        with torch.autocast("cpu", torch.bfloat16):
            return self.out(h)
model = Net(); models = [model]
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for k in range(12):
    for micro in range(2):
        ids = torch.randint(0, 50, (3, 7 + (k == 10)))
        nn.functional.cross_entropy(model(ids).float().flatten(0, 1), ids.flatten()).backward()
    optimizer.step(); optimizer.zero_grad()
""")  # fmt: skip
    trace = same(["train.py"], tmp_path).trace
    assert trace.notes() == []
    table = Layers(trace)

    def of(name, passing, iteration=9):
        return table.of(name, passing, iteration)["flops"]

    tokens = 2 * 3 * 7  # two micro-batches an iteration
    assert table.of("rnn", iteration=9)["calls"] == 2
    assert of("rnn", "forward") == 2 * tokens * 4 * 16 * (16 + 16)
    assert of("rnn", "backward") == 2 * of("rnn", "forward")
    assert of("embed", "forward") == 0
    # Computed twice: the second time in the backward.
    assert of("again.0", "forward") == 2 * tokens * 16 * 32
    assert of("again.0", "backward") == 3 * of("again.0", "forward")
    assert table.of("out", iteration=9)["dtype"] == "bfloat16"
    # Iteration 10 has sequences of another length, and a layer of products does the same for each element.
    assert of("again.0", "forward", 10) == 2 * (2 * 3 * 8) * 16 * 32
    assert of("rnn", "forward", 10) == 2 * (2 * 3 * 8) * 4 * 16 * (16 + 16)
    # A weight that two layers share is in the model once.
    assert trace.counters("parameters") == [50 * 16 + 4 * 16 * 34 + 16 * 32 + 32 + 32 * 16 + 16]


def test_models_of_transformers_side_by_side(tmp_path):
    pytest.importorskip("transformers")
    script(tmp_path, """\
import torch, transformers as t
torch.manual_seed(0); torch.set_num_threads(1)
small = dict(vocab_size=60, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64)
bert = t.BertForMaskedLM(t.BertConfig(**small, hidden_dropout_prob=0.1, attention_probs_dropout_prob=0.1))
gpt = t.GPT2LMHeadModel(t.GPT2Config(vocab_size=60, n_embd=32, n_layer=2, n_head=2, n_positions=32, bos_token_id=0,
                                     eos_token_id=0, attn_implementation="eager"))
resnet = t.ResNetForImageClassification(t.ResNetConfig(embedding_size=8, hidden_sizes=[16, 32], depths=[1, 1]))
mobile = t.MobileNetV2ForImageClassification(t.MobileNetV2Config(image_size=32, depth_multiplier=0.25))
models = [bert, gpt, resnet, mobile]
optimizer = torch.optim.AdamW([p for m in models for p in m.parameters()])
for k in range(12):
    ids = torch.randint(0, 60, (2, 12))
    x = torch.randn(2, 3, 32, 32)
    label = torch.tensor([0, 1])
    loss = bert(ids, labels=ids).loss + gpt(ids, labels=ids).loss
    loss = loss + resnet(x, labels=label).loss + mobile(x, labels=label).loss
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
""")  # fmt: skip
    trace = same(["train.py"], tmp_path).trace
    assert trace.notes() == []
    table = Layers(trace)
    query = "BertForMaskedLM.bert.encoder.layer.1.attention.self.query"
    assert table.flops(query) == (2 * 24 * 32 * 32, 2 * 2 * 24 * 32 * 32)
    assert table.rows[query]["path"].endswith("modeling_bert.py")
    attention = 4 * 2 * 2 * 12 * 12 * 16
    assert table.flops("BertForMaskedLM.bert.encoder.layer.1.attention.self") == (attention, 2 * attention)
    explicit = table.rows["GPT2LMHeadModel.transformer.h.0.attn"]
    assert explicit["type"] == "Attention" and explicit["attributes"]["fused"] == 0
    assert table.flops("GPT2LMHeadModel.transformer.h.0.attn") == (attention, 2 * attention)
    assert table.flops("GPT2LMHeadModel.transformer.h.0.mlp.c_fc") == (2 * 24 * 32 * 128, 2 * 2 * 24 * 32 * 128)
    depthwise = [row for row in table.rows.values() if row["attributes"].get("groups", 1) > 1 and row["type"] == "Conv2d"]
    assert len(depthwise) > 10
    assert all(row["name"].startswith("MobileNetV2") for row in depthwise)
    for row in depthwise:
        forward, backward = table.flops(row["name"])
        assert backward == 2 * forward


def test_inference_has_a_layer_table_too(tmp_path):
    script(tmp_path, NET + """\
encoder = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
model.eval(); encoder.eval()
total = 0
with torch.inference_mode():
    for x, y in data:
        total += encoder(model(x)[:, None, :1].expand(4, 5, 16)).sum().item()
print(total.hex())
""")  # fmt: skip
    trace = same(["train.py"], tmp_path).trace
    assert trace.notes() == []
    table = Layers(trace)
    assert {key[1] for key in table.measures} == {"forward"}
    assert table.flops("Net.stem") == (2 * 4 * 64 * 16 * 27, None)
    assert table.flops("Net.attention")[0] == 4 * 4 * 4 * 64 * 64 * 4
    assert trace.counters("gradient_bytes") == [] == trace.counters("activation_bytes")
    assert trace.counters("parameters")[0] > 1000


def test_compiled_code_is_not_looked_into_and_not_compiled_again(tmp_path):
    script(tmp_path, NET + """\
import logging
logging.disable(logging.WARNING)
compiled = torch.compile(model, backend="aot_eager")
@torch.compile(backend="eager")
def both(x, y):
    return loss_of(model(x), y)
for k, (x, y) in enumerate(data):
    optimizer.zero_grad()
    (loss_of(compiled(x), y) + both(x, y)).backward()
    optimizer.step()
import torch._dynamo as dynamo
print(dynamo.utils.counters["stats"], dynamo.utils.counters["recompiles"])
""")  # fmt: skip
    trace = same(["train.py"], tmp_path).trace
    assert trace.notes() == []
    table = Layers(trace)
    row = table.rows["OptimizedModule"]
    assert row["type"] == "Net" and row["attributes"]["compiled"] == 1
    assert table.of("OptimizedModule")["flops"] == -1
    assert table.of("OptimizedModule", "backward")["seconds"] > 0
    assert trace.counters("flops_per_iteration") == []


def test_it_can_be_switched_off(tmp_path):
    script(tmp_path, NET + "for x, y in data:\n    loss_of(model(x), y).backward()\n    optimizer.step()\n")
    trace = same(["train.py"], tmp_path, WATTLINE_LAYERS="0").trace
    assert trace.named("m") == [] and all(len(row) == 5 for row in trace.named("i"))
