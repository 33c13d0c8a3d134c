"""What `wattline quant --verify` reads and finds before a model is loaded. The whole is in test/unit/programs/verify.test.ts."""

import importlib.util
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "src" / "verify"))

from wattline_verify.fault import Fault  # noqa: E402
from wattline_verify.load import check_tokenizer, task_of  # noqa: E402
from wattline_verify.texts import read_samples  # noqa: E402

needs_torch = pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is not installed")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("lines.jsonl", b'{"text": "a"}\nnot json\n', "line 2 is not JSON"),
        ("lines.jsonl", b"[1]\n", "line 1 is no object and no text"),
        ("lines.jsonl", b'{"words": "a"}\n', "line 1 has no text"),
        ("lines.jsonl", b"[" * 100_000, "line 1 is not JSON"),
        ("empty.txt", b"  \n", "has no text"),
        ("binary.txt", b"a\xff\xfe", "is not UTF-8: byte 1"),
    ],
)
def test_a_file_of_texts_that_cannot_be_read_is_named_with_its_line(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Fault, match=message):
        read_samples(str(tmp_path / name), 10)


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    path = tmp_path / "large.txt"
    with open(path, "wb") as file:
        file.truncate(64_000_001)
    with pytest.raises(Fault, match="more than 64 MB"):
        read_samples(str(path), 10)


def test_samples_are_spread_over_the_whole_file(tmp_path):
    path = tmp_path / "lines.jsonl"
    path.write_text("\n".join(json.dumps({"text": str(i)}) for i in range(100)), encoding="utf-8")
    kind, samples = read_samples(str(path), 4)
    assert kind == "lines"
    assert [sample["text"] for sample in samples] == ["0", "25", "50", "75"]


def test_prompts_and_answers_texts_and_bare_strings_are_understood(tmp_path):
    path = tmp_path / "lines.jsonl"
    rows = [{"prompt": "a", "completion": "b"}, {"instruction": "c", "output": "d"}, {"text": "e", "label": 1}, "f"]
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    _, samples = read_samples(str(path), 10)
    assert [(each["text"], each.get("prompt"), each.get("label")) for each in samples] == [
        ("ab", "a", None), ("cd", "c", None), ("e", None, 1), ("f", None, None)]


def test_a_folder_without_a_tokenizer_is_named(tmp_path):
    with pytest.raises(Fault, match="has no tokenizer"):
        check_tokenizer(str(tmp_path))
    (tmp_path / "vocab.json").write_text("{}", encoding="utf-8")
    check_tokenizer(str(tmp_path))


def test_only_models_that_write_or_classify_are_measured():
    assert task_of(SimpleNamespace(architectures=["LlamaForCausalLM"])) == "language"
    assert task_of(SimpleNamespace(architectures=["GPT2LMHeadModel"])) == "language"
    assert task_of(SimpleNamespace(architectures=["BertForSequenceClassification"])) == "classification"
    for names in (["CLIPModel"], [], None):
        with pytest.raises(Fault, match="cannot be verified"):
            task_of(SimpleNamespace(architectures=names))


@needs_torch
def test_a_label_that_the_model_does_not_have_is_named_with_its_line():
    import torch
    from wattline_verify.quality import ClassifierTask

    config = SimpleNamespace(label2id={"no": 0, "yes": 1}, num_labels=2)
    tokenizer = lambda text, **_: {"input_ids": [1, 2]}  # noqa: E731
    good = [{"text": "a", "label": "yes", "where": "x"}, {"text": "b", "label": 0, "where": "x"}]
    assert [label for _, label in ClassifierTask(torch, tokenizer, "lines", good, config, 8).samples] == [1, 0]
    for label in ("maybe", 2, None):
        with pytest.raises(Fault, match="lines.jsonl, line 3 has no label of this model: one of no, yes"):
            ClassifierTask(torch, tokenizer, "lines", [{"text": "a", "label": label, "where": "lines.jsonl, line 3"}], config, 8)


@needs_torch
def test_matrices_are_found_by_the_end_of_their_names_and_restored_to_the_bit():
    import torch
    from wattline_verify.matrices import find_matrices

    torch.manual_seed(0)
    model = torch.nn.Module()
    model.transformer = torch.nn.Sequential(torch.nn.Linear(64, 32), torch.nn.Linear(32, 8))
    before = model.transformer[0].weight.clone()
    found, missing = find_matrices(model, ["0.weight", "model.transformer.1.weight", "2.weight", "0.weight"])
    assert [matrix.name for matrix in found] == ["0.weight", "model.transformer.1.weight"]
    assert missing == ["2.weight", "0.weight"]
    with torch.no_grad():
        found[0].round_to("int4-g32")
        assert not torch.equal(model.transformer[0].weight, before)
        found[0].round_to("bf16")
        assert torch.equal(model.transformer[0].weight, before)


@needs_torch
def test_activations_are_rounded_for_8_bit_formats_only():
    import torch
    from wattline_verify.matrices import Activations, find_matrices

    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(64, 32, bias=False))
    x = torch.randn(2, 3, 64)
    found, _ = find_matrices(model, ["0.weight"])
    plain = model(x)
    activations = Activations(torch)
    activations.round_for(found, ["nf4"])
    assert torch.equal(model(x), plain)
    activations.round_for(found, ["int8-channel"])
    scale = x.abs().amax(-1, keepdim=True) / 127
    assert torch.allclose(model(x), ((x / scale).round() * scale) @ model[0].weight.T, atol=1e-5)
    activations.restore()
    assert torch.equal(model(x), plain)
