"""Which loops train: the table of docs/tracer.md, row by row."""

import ast
import re

import pytest
from harness import ROOT
from wattline_tracer.rules import find_loops


def found(source, named=None):
    """[(line, kind, level)] of a source text."""
    loops = find_loops(ast.parse(source), source.encode().splitlines(), named)
    return [(loop.node.lineno, loop.kind, loop.level) for loop in loops]


def loop(*body, header="for x in loader:"):
    return "\n".join([header, *(f"    {line}" for line in body)]) + "\n"


@pytest.mark.parametrize(
    "line",
    [
        "loss.backward()", "accelerator.backward(loss)", "optimizer.step()", "self.opt.step()", "optG.step()",
        "opt_d.step()", "optimizers[0].step()", "self.optimizers()[1].step()", "scaler.step(optimizer)",
        "self.manual_backward(loss)", "model.train_on_batch(x, y)", "clf.partial_fit(x, y)",
        "state = state.apply_gradients(grads=g)", "p = optax.apply_updates(p, u)", "g = tape.gradient(loss, w)",
        "u, s = optimizer.update(g, s)", "u, s = tx.update(g, s)", "opt.minimize(loss)", "state = train_step(state, x)",
        "self.training_step(x)", "loss = update_batch(x)", "loss = (yield x).backward()",
    ],
)  # fmt: skip
def test_a_loop_trains_whose_body_has(line):
    assert found("def f():\n    " + loop(line).replace("\n", "\n    ")) == [(2, "training", "batch")]


@pytest.mark.parametrize(
    "line",
    [
        "env.step(action)", "scheduler.step()", "bar.update(1)", "print(x)", "d.update(a)", "world.step()", "model(x)",
        "option.step()", "model.train()", "def g(): loss.backward()", "h = lambda: loss.backward()", "x.step",
    ],
)  # fmt: skip
def test_a_loop_is_left_alone_whose_body_has(line):
    assert found(loop(line)) == []


def test_a_loop_trains_through_functions_and_methods_of_the_file():
    source = """
def fit(batch):
    compute(batch)
def compute(batch):
    batch.loss.backward()
class T:
    def one(self): self.opt.step()
    def run(self):
        while True:
            self.one()
for x in loader:
    fit(x)
"""
    assert found(source) == [(9, "training", "batch"), (11, "training", "batch")]


def test_functions_that_jax_makes_are_followed():
    assert found(loop("loss, g = jax.value_and_grad(f)(w, x)", "w = step_down(w, g)")) == [(1, "training", "batch")]
    assert found("g = jax.jit(jax.grad(f))\n" + loop("w = down(w, g(w, x))")) == [(2, "training", "batch")]
    source = "def update(w, x):\n    g = nnx.grad(f)(w, x)\n    return down(w, g)\nrun = jax.jit(update)\n"
    assert found(source + loop("w = run(w, x)")) == [(5, "training", "batch")]
    assert found("run = jax.jit(predict)\n" + loop("y = run(w, x)")) == []
    assert found(loop("g = torch.autograd.grad(y, x)", "f(g)")) == []


def test_the_inner_loop_is_the_one_of_batches():
    source = "for epoch in range(3):\n    for x in loader:\n        loss.backward()\n        opt.step()\n    scheduler.step()\n"
    assert found(source) == [(1, "training", "epoch"), (2, "training", "batch")]


def test_a_loop_that_calls_a_training_function_is_one_of_epochs():
    source = "def train(m):\n    for x in l:\n        m(x).backward()\nfor e in range(2):\n    train(m)\n"
    assert found(source) == [(2, "training", "batch"), (4, "training", "epoch")]
    assert found("from engine import train_one_epoch\n" + loop("train_one_epoch(m)")) == [(2, "training", "epoch")]


def test_micro_batches_are_part_of_their_iteration():
    source = loop("for m in x.chunk(4):", "    model(m).backward()", "optimizer.step()")
    assert found(source) == [(1, "training", "batch")]


def test_a_loop_over_optimizers_or_losses_is_part_of_its_iteration():
    assert found(loop("loss.backward()", "for opt in opts:", "    opt.step()")) == [(1, "training", "batch")]
    assert found(loop("for l in losses:", "    l.backward()")) == [(1, "training", "batch")]
    assert found("for opt in opts:\n    opt.step()\n") == []


def test_several_updates_in_an_iteration_are_an_inner_loop():
    source = loop("for k in range(5):", "    d.backward()", "    opt_d.step()", "g.backward()", "opt_g.step()")
    assert found(source) == [(1, "training", "batch"), (2, "training", "batch")]


def test_evaluation_and_inference_are_told_apart():
    evaluate = "@torch.no_grad()\ndef validate():\n    for x in loader:\n        model(x)\n"
    assert found(evaluate) == [(3, "evaluation", "batch")]
    assert found(evaluate.replace("validate", "run").replace("loader", "val_loader")) == [(3, "evaluation", "batch")]
    generate = "@torch.inference_mode()\ndef generate(n):\n    for _ in range(n):\n        logits = self.model(x)\n"
    assert found(generate) == [(3, "inference", "batch")]
    assert found(generate.replace("self.model(x)", "self(x)")) == [(3, "inference", "batch")]
    assert found("with torch.no_grad():\n    for x in l:\n        net(x)\n") == [(2, "inference", "batch")]
    assert found("for x in l:\n    with torch.no_grad():\n        net(x)\n") == [(1, "inference", "batch")]
    assert found(loop("out = llm.generate(x)")) == [(1, "inference", "batch")]
    nested = "@torch.no_grad()\ndef estimate_loss():\n    for s in splits:\n        for k in range(9):\n            model(x)\n"
    assert found(nested) == [(3, "evaluation", "epoch"), (4, "evaluation", "batch")]
    inside = loop("loss.backward()", "with torch.no_grad():", "    for v in other:", "        model(v)")
    assert found(inside) == [(1, "training", "batch"), (4, "evaluation", "batch")]


def test_a_loop_over_parameters_infers_nothing():
    assert found("with torch.no_grad():\n    for p in model.parameters():\n        model_norm(p)\n") == []
    assert found("def f():\n    model.eval()\n    for n, b in net.named_buffers():\n        module(b)\n") == []


def test_a_loop_is_named_by_a_comment_or_by_the_editor():
    assert found("for x in l:  # wattline: loop\n    f(x)\n") == [(1, "training", "batch")]
    assert found("# wattline: loop\nfor x in l:\n    f(x)\n") == [(2, "training", "batch")]
    assert found("while (a and  # wattline: loop\n       b):\n    f(x)\n") == [(1, "training", "batch")]
    assert found("for x in l:\n    f(x)  # wattline: loop\n") == []
    assert found("y = 1  # wattline: loop\nfor x in l:\n    f(x)\n") == []
    assert found("# wattline: loop evaluation epoch\nfor x in l:\n    f(x)\n") == [(2, "evaluation", "epoch")]
    inner = loop("for x in y:", "    opt.step()", header="for e in z:  # wattline: ignore")
    assert found(inner) == [(2, "training", "batch")]
    assert found("for x in l:\n    f(x)\n", named=1) == [(1, "training", "batch")]


def test_the_editors_rules_and_these_agree_on_where_programs_train():
    """The fixtures of the CodeLens, which knows more: what it says trains batch by batch is found here too."""
    missed = []
    for path in sorted((ROOT / "test/fixtures/python").glob("*.py")):
        source = path.read_text()
        try:
            known = {line for line, _, _ in found(source)}
        except SyntaxError:
            continue
        lines = enumerate(source.splitlines(), 1)
        expected = [line for line, text in lines if re.search(r"# expect: training batch\b", text)]
        missed += [(path.name, line) for line in expected if line not in known]
    # Steps handed to a strategy to run.
    assert [name for name, _ in missed] == ["tf_gradient_tape.py"]
