"""The programs of examples/: the iterations and phases that they have, and the same weights to the bit as without us."""

from importlib.util import find_spec

import pytest

from harness import ROOT, run

EXAMPLES = ROOT / "examples"


def needs(*packages):
    """Skips where one is not installed, without importing it."""
    for package in packages:
        if find_spec(package) is None:
            pytest.skip(f"needs {package}")


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
    needs("torch")
    args = ["--steps", "12", "--batch-size", "4", "--length", "32", "--save", "weights.pt"]
    trace = traced(tmp_path, "train_char_gpt.py", *args, saved="weights.pt")
    train = trace.iterations(line_of("train_char_gpt.py", "for step, (x, y) in"))
    assert [number for number, _, _ in train] == list(range(12))
    assert len(trace.iterations(line_of("train_char_gpt.py", "for _ in range(count)"))) == 200
    phases = trace.phases()
    assert (phases["forward"], phases["backward"], phases["optimizer"]) == (12 + 200, 12, 12)
    assert trace.counters("samples")[-1] == 12 * 4


def test_a_cnn_whose_images_come_from_workers(tmp_path):
    needs("torch")
    args = ["--images", "64", "--epochs", "2", "--workers", "2", "--save", "weights.pt"]
    trace = traced(tmp_path, "slow_data_loader.py", *args, saved="weights.pt")
    assert len(trace.iterations(line_of("slow_data_loader.py", "for images, labels in loader"))) == 8
    assert trace.phases() == {"data": 8, "forward": 8, "backward": 8, "optimizer": 8}
    assert trace.counters("samples")[-1] == 128


def test_trainer_fine_tunes_a_bert(tmp_path):
    needs("transformers")
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
    for number, start, duration in (row[2:5] for row in updates):
        inside = [s for s in trace.spans if s.start >= start - 2e-6 and s.end <= start + duration + 2e-6]
        assert [s.phase for s in inside if s.phase != "data"] == ["forward", "backward"] * 2 + ["optimizer"]
        assert inside[0].phase == "data"
        assert {(s.iteration, s.loop, s.line) for s in inside} == {(number, 0, line)}
    assert len([row for row in trace.named("i") if row[1] == 1]) == 2
    assert trace.counters("samples")[-1] == 2 * 96
    assert trace.counters("tokens")[-1] == 2 * 96 * 24
    assert trace.header["frameworks"]["transformers"]


def test_generate_tells_prefill_and_decode_apart_and_counts_its_tokens(tmp_path):
    needs("transformers")
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


def test_a_lightning_module(tmp_path):
    needs("lightning")
    args = ["--epochs", "2", "--images", "64", "--save", "weights.pt"]
    trace = traced(tmp_path, "train_lightning.py", *args, saved="weights.pt")
    fit = line_of("train_lightning.py", "trainer.fit(")
    loops = {kind: number for number, (_, _, kind, _, _) in trace.loops.items()}
    assert {row[:2] for row in trace.loops.values()} == {(fit, fit)}
    training = [row[2] for row in trace.named("i") if row[1] == loops["training"]]
    assert training == list(range(4))
    for number in training:
        spans = [s for s in trace.spans if (s.loop, s.iteration) == (loops["training"], number)]
        assert [s.phase for s in spans if s.phase != "data"] == ["forward", "backward", "optimizer"]
        # The optimizer's step has the other two in its closure.
        assert spans[-1].start <= spans[-2].start and {s.line for s in spans if s.phase != "forward"} == {fit}
        assert {s.line for s in spans if s.phase == "forward"} == {line_of("train_lightning.py", "return F.cross_entropy")}
    # One batch of 16 in the trial before the training, one after each epoch.
    assert len([row for row in trace.named("i") if row[1] == loops["evaluation"]]) == 3
    assert trace.counters("samples")[-1] == 128


@pytest.mark.parametrize("backend", ["torch", "jax"])
def test_a_keras_model(tmp_path, backend):
    needs("keras", backend)
    images = 72 if backend == "torch" else 96  # JAX would compile once more for a batch that is not full.
    args = ["--epochs", "2", "--images", str(images), "--save", "weights.npz"]
    trace = traced(tmp_path, "train_keras.py", *args, saved="weights.npz", KERAS_BACKEND=backend)
    fit, evaluate = line_of("train_keras.py", "model.fit("), line_of("train_keras.py", "model.evaluate(")
    kinds = [(line, kind, parent) for line, _, kind, parent, _ in trace.loops.values()]
    assert kinds == [(fit, "training", -1), (fit, "evaluation", 0), (evaluate, "evaluation", -1)]
    # Three batches of 32, or two and one of 8.
    assert [row[2] for row in trace.named("i") if row[1] == 0] == list(range(6))
    assert len([row for row in trace.named("i") if row[1] == 1]) == 2  # A quarter of them: one batch, twice.
    for number in range(6):
        phases = [s.phase for s in trace.spans if (s.loop, s.iteration) == (0, number) and s.phase != "compile"]
        steps = ["forward", "backward", "optimizer"] if backend == "torch" else ["step"]
        assert [name for name in phases if name != "data"] == steps
        assert phases[0] == "data" or backend == "jax"  # There the first array is made while the step runs.
    assert trace.counters("samples")[-1] == 2 * images


def test_a_jax_loop_has_steps_and_what_was_compiled(tmp_path):
    needs("jax")
    trace = traced(tmp_path, "train_jax.py", "--steps", "20", "--save", "weights.npz", saved="weights.npz")
    assert [number for number, _, _ in trace.iterations(line_of("train_jax.py", "for step, ("))] == list(range(20))
    call, wait = line_of("train_jax.py", "= train_step("), line_of("train_jax.py", "float(loss)")
    steps = [s for s in trace.spans if s.phase == "step" and s.iteration >= 0]
    assert [s.iteration for s in steps if s.line == call] == list(range(20))
    assert {s.line for s in steps} <= {call, wait}
    # The first call compiles, within its step; the last waits.
    compiled = [s for s in trace.spans if s.phase == "compile" and s.iteration == 0]
    assert compiled and all(steps[0].start <= s.start and s.end <= steps[0].end + 2e-6 for s in compiled)
    assert trace.counters("samples")[-1] == 20 * 128


def test_a_fit_is_one_phase(tmp_path):
    needs("sklearn", "lightgbm")
    trace = traced(tmp_path, "fit_trees.py", "--rows", "400", "--trees", "5")
    assert [s.phase for s in trace.spans] == ["fit", "fit"]
    lines = [line_of("fit_trees.py", "forest.fit("), line_of("fit_trees.py", "lightgbm.train(")]
    assert [s.line for s in trace.spans] == lines
