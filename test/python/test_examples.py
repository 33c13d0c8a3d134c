"""The programs of examples/: the iterations and phases that they have, and the same weights to the bit as without us."""

import pytest

from harness import ROOT, run

EXAMPLES = ROOT / "examples"


def traced(tmp_path, example, *args, saved=None, **more):
    """Runs an example without and with the tracer; what it saved, or else its output, must be the same bytes."""
    path = EXAMPLES / example
    ran, kept = [], []
    for name in ("plain", "traced"):
        folder = tmp_path / name
        folder.mkdir()
        trace = folder / "trace" if name == "traced" else None
        ran.append(run([str(path), *args], folder, trace, HF_HUB_OFFLINE="1", **more))
        assert ran[-1].code == 0, ran[-1].err.decode()
        kept.append((folder / saved).read_bytes() if saved else ran[-1].out)
    assert kept[0] == kept[1]
    trace = ran[1].trace
    assert trace.ended
    assert trace.notes() == []
    return trace


def line_of(example, text):
    """The line, from 1, of the only place where an example says something."""
    lines = (EXAMPLES / example).read_text().splitlines()
    (line,) = (number for number, line in enumerate(lines, 1) if text in line)
    return line


def test_the_char_gpt(tmp_path):
    pytest.importorskip("torch")
    args = ["--steps", "12", "--batch-size", "4", "--length", "32", "--save", "weights.pt"]
    trace = traced(tmp_path, "train_char_gpt.py", *args, saved="weights.pt")
    train = trace.iterations(line_of("train_char_gpt.py", "for step, (x, y) in"))
    assert [number for number, _, _ in train] == list(range(12))
    assert len(trace.iterations(line_of("train_char_gpt.py", "for _ in range(count)"))) == 200
    phases = trace.phases()
    assert (phases["forward"], phases["backward"], phases["optimizer"]) == (12 + 200, 12, 12)
    assert trace.counters("samples")[-1] == 12 * 4


def test_a_cnn_whose_images_come_from_workers(tmp_path):
    pytest.importorskip("torch")
    args = ["--images", "64", "--epochs", "2", "--workers", "2", "--save", "weights.pt"]
    trace = traced(tmp_path, "slow_data_loader.py", *args, saved="weights.pt")
    assert len(trace.iterations(line_of("slow_data_loader.py", "for images, labels in loader"))) == 8
    assert trace.phases() == {"data": 8, "forward": 8, "backward": 8, "optimizer": 8}
    assert trace.counters("samples")[-1] == 128


def test_trainer_fine_tunes_a_bert(tmp_path):
    pytest.importorskip("transformers")
    args = ["--epochs", "2", "--sentences", "96", "--save", "model"]
    trace = traced(tmp_path, "finetune_bert.py", *args, saved="model/model.safetensors")
    line = line_of("finetune_bert.py", "trainer.train()")
    # 96 sentences are 6 batches of 16: 3 updates an epoch of two micro-batches each.
    training, evaluation, last = trace.loops.values()
    assert training == (line, line, "training", -1, "batch")
    assert evaluation == (line, line, "evaluation", 0, "batch")
    assert last[2:4] == ("evaluation", -1)
    updates = [row for row in trace.named("i") if row[1] == 0]
    assert [row[2] for row in updates] == list(range(6))
    for _, _, number, start, duration in updates:
        inside = [s for s in trace.spans if s.start >= start - 2e-6 and s.end <= start + duration + 2e-6]
        assert [s.phase for s in inside if s.phase != "data"] == ["forward", "backward"] * 2 + ["optimizer"]
        assert inside[0].phase == "data"
        assert {(s.iteration, s.loop, s.line) for s in inside} == {(number, 0, line)}
    assert len([row for row in trace.named("i") if row[1] == 1]) == 2
    assert trace.counters("samples")[-1] == 2 * 96
    assert trace.counters("tokens")[-1] == 2 * 96 * 24
    assert trace.header["frameworks"]["transformers"]


def test_generate_tells_prefill_and_decode_apart_and_counts_its_tokens(tmp_path):
    pytest.importorskip("transformers")
    size = ["--prompts", "4", "--tokens", "6", "--layers", "2", "--width", "32"]
    script = EXAMPLES / "generate_gpt2.py"
    plain = run([str(script), *size], tmp_path, HF_HUB_OFFLINE="1")
    ran = run([str(script), *size], tmp_path, tmp_path / "trace", HF_HUB_OFFLINE="1")
    assert ran.out.splitlines()[:-1] == plain.out.splitlines()[:-1]  # The last line tells the time.
    trace = ran.trace
    assert list(trace.loops.values())[0][2] == "inference"
    assert len(trace.iterations(line_of("generate_gpt2.py", "for batch in prompts"))) == 2
    line = line_of("generate_gpt2.py", "model.generate(")
    for batch in range(2):
        spans = [s for s in trace.spans if s.iteration == batch and s.phase != "data"]
        assert [s.phase for s in spans] == ["prefill"] + ["decode"] * 5
        assert {s.line for s in spans} == {line}
        assert all(a.end <= b.start + 2e-6 for a, b in zip(spans, spans[1:]))
    assert trace.counters("tokens")[-1] == 4 * 6
