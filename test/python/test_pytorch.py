"""PyTorch: the phases that are there, the same weights to the bit, the same errors to the letter."""

import textwrap

import pytest

from harness import same, write

pytest.importorskip("torch")

HEAD = """
import sys, time
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, TensorDataset
torch.manual_seed(0)
torch.set_num_threads(1)
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 2))
        self.fail = False
    def forward(self, x):
        if self.fail:
            raise ValueError("in forward")
        return self.layers(x)
model = Net()
optimizer = torch.optim.AdamW(model.parameters())
loss_of = nn.functional.cross_entropy
data = TensorDataset(torch.randn(64, 8), torch.randint(0, 2, (64,)))
loader = DataLoader(data, batch_size=8, shuffle=True)
def weights():
    return [p.detach().double().sum().item().hex() for p in model.parameters()]
"""
BEFORE = HEAD.count("\n")


def script(tmp_path, body):
    write(tmp_path, train=HEAD + textwrap.dedent(body))


def test_a_training_run_has_its_phases_and_the_same_weights(tmp_path):
    script(tmp_path, """\
        @torch.no_grad()
        def evaluate():
            model.eval()
            total = sum(loss_of(model(x), y).item() for x, y in loader)
            for x, y in loader:
                total += loss_of(model(x), y).item()
            model.train()
            return total
        for epoch in range(2):
            for i, (x, y) in enumerate(loader):
                loss = loss_of(model(x), y)
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()
            print(evaluate())
        print(weights())
    """)  # fmt: skip
    trace = same(["train.py"], tmp_path).trace
    batches = trace.iterations(BEFORE + 10)
    assert [number for number, _, _ in batches] == list(range(16))
    assert len(trace.iterations(BEFORE + 5)) == 16
    assert trace.header["frameworks"]["torch"]
    for number, start, duration in batches:
        inside = [s for s in trace.spans if s.start >= start - 2e-6 and s.end <= start + duration + 2e-6]
        assert [s.phase for s in inside] == ["data", "forward", "backward", "optimizer"]
        assert [s.line - BEFORE for s in inside] == [10, 11, 13, 14]
        assert {s.iteration for s in inside} == {number}
        assert all(a.end <= b.start + 2e-6 for a, b in zip(inside, inside[1:]))
    assert trace.phases()["forward"] == 16 + 2 * 8 * 2
    assert trace.counters("parameters") == [8 * 16 + 16 + 16 * 2 + 2]
    assert trace.counters("samples")[-1] == 2 * 64
    assert trace.counters("peak_memory_bytes")[-1] > 10_000_000
    assert trace.notes() == []
    assert trace.named("o")[-1][2] > 0
    rows = [line for line in trace.text.splitlines() if line.startswith('["s"')]
    assert max(map(len, rows)) < 100


FAILURES = {
    "forward": "model.fail = True\nfor x, y in loader:\n    loss_of(model(x), y).backward()\n",
    "shape": "for x, y in loader:\n    loss_of(model(x[:, :3]), y).backward()\n",
    "backward without grad": "for x, y in loader:\n    x.sum().backward()\n",
    "backward twice": "for x, y in loader:\n    l = loss_of(model(x), y)\n    l.backward()\n    l.backward()\n",
    "autograd.backward": "class T:\n    def backward(self): raise OSError\nfor x, y in loader:\n    torch.autograd.backward(x.sum())\n",
    "optimizer": "class Bad(torch.optim.SGD):\n    def step(self, closure=None): raise KeyError('x')\n"
    "bad = Bad(model.parameters(), lr=1)\nfor x, y in loader:\n    loss_of(model(x), y).backward()\n    bad.step()\n",
    "loader": "class D(Dataset):\n    def __len__(self): return 4\n    def __getitem__(self, i): raise IndexError(i)\n"
    "for x in DataLoader(D(), batch_size=2):\n    optimizer.step()\n",
    "worker": "class D(Dataset):\n    def __len__(self): return 4\n    def __getitem__(self, i): raise OSError('file')\n"
    "for x in DataLoader(D(), batch_size=2, num_workers=1):\n    optimizer.step()\n",
}  # fmt: skip


@pytest.mark.parametrize("name", FAILURES)
def test_an_error_looks_as_it_did(tmp_path, name):
    script(tmp_path, FAILURES[name])
    assert same(["train.py"], tmp_path).code == 1


def test_an_error_that_is_caught_looks_as_it_did_and_closes_its_span(tmp_path):
    script(tmp_path, """\
        import traceback
        class Bad(torch.optim.SGD):
            def step(self, closure=None): raise KeyError('x')
        bad = Bad(model.parameters(), lr=1)
        for k, (x, y) in enumerate(loader):
            try:
                model.fail = k == 2
                if k == 3: x.sum().backward()
                if k == 4: raise_in_step = bad.step()
                if k == 5:
                    model.fail = True
                    model.layers[0](x)
                    model(x)
                loss_of(model(x), y).backward()
                optimizer.step()
            except Exception:
                print(traceback.format_exc())
                time.sleep(0.01)
            model.fail = False
        print(weights())
    """)  # fmt: skip
    trace = same(["train.py"], tmp_path).trace
    assert len(trace.iterations()) == 8
    assert trace.phases() == {"data": 8, "forward": 7, "backward": 5, "optimizer": 5}
    assert all(span.duration < 0.01 for span in trace.spans if span.phase in ("forward", "backward") and span.iteration > 0)


def test_a_loader_with_workers_counts_once_and_its_workers_write_nothing(tmp_path):
    script(tmp_path, """\
        class Slow(Dataset):
            def __len__(self): return 32
            def __getitem__(self, i):
                time.sleep(0.003)
                helper(torch.randn(1, 8))
                return torch.full((8,), float(i)), i % 2
        helper = Net()
        if __name__ == "__main__":
            for method in ("fork", "spawn"):
                slow = DataLoader(Slow(), batch_size=4, num_workers=2, multiprocessing_context=method)
                for x, y in slow:
                    loss_of(model(x), y).backward()
                    optimizer.step()
            print(weights())
    """)  # fmt: skip
    trace = same(["train.py"], tmp_path).trace
    assert len(trace.iterations(BEFORE + 11)) == 16
    assert trace.phases()["data"] == 16
    assert trace.phases()["forward"] == 16


def test_a_slow_loader_in_the_main_process_shows_its_waits(tmp_path):
    script(tmp_path, """\
        class Slow(Dataset):
            def __len__(self): return 16
            def __getitem__(self, i):
                time.sleep(0.01)
                return torch.full((8,), float(i)), i % 2
        for x, y in DataLoader(Slow(), batch_size=4):
            loss_of(model(x), y).backward()
            optimizer.step()
        it = iter(DataLoader(Slow(), batch_size=4))
        while True:
            batch = next(it, None)
            if batch is None: break
            loss_of(model(batch[0]), batch[1]).backward()
            optimizer.step()
    """)  # fmt: skip
    trace = same(["train.py"], tmp_path).trace
    long = [span for span in trace.spans if span.phase == "data" and span.duration > 0.035]
    assert len(long) == 8
    assert [span.line - BEFORE for span in long] == [6] * 4 + [11] * 4


def test_closures_accumulation_and_two_optimizers(tmp_path):
    script(tmp_path, """\
        lbfgs = torch.optim.LBFGS(model.parameters(), max_iter=3)
        for x, y in loader:
            def closure():
                lbfgs.zero_grad()
                loss = loss_of(model(x), y)
                loss.backward()
                return loss
            lbfgs.step(closure)
        other = Net()
        optimizer2 = torch.optim.SGD(other.parameters(), lr=0.1)
        for k, (x, y) in enumerate(loader):
            (loss_of(model(x), y) + loss_of(other(x), y)).backward()
            if k % 2:
                optimizer.step(); optimizer2.step()
        print(weights())
    """)  # fmt: skip
    trace = same(["train.py"], tmp_path).trace
    steps = [s for s in trace.spans if s.phase == "optimizer"]
    assert len(steps) == 8 + 2 * 4
    within = [s for s in trace.spans if s.phase == "backward" and steps[0].start <= s.start and s.end <= steps[0].end + 2e-6]
    assert 1 <= len(within) <= 4
    assert trace.counters("parameters")[-1] == 2 * 178


def test_checkpointing_and_nested_models_count_once(tmp_path):
    script(tmp_path, """\
        from torch.utils.checkpoint import checkpoint
        class Outer(nn.Module):
            def __init__(self):
                super().__init__()
                self.inner = model
            def forward(self, x):
                return checkpoint(self.inner, x, use_reentrant=False)
        outer = Outer()
        for x, y in loader:
            loss_of(outer(x), y).backward()
            optimizer.step()
        print(weights())
    """)  # fmt: skip
    assert same(["train.py"], tmp_path).trace.phases() == {"data": 8, "forward": 8, "backward": 8, "optimizer": 8}


def test_torch_compile_works_without_a_word(tmp_path):
    script(tmp_path, """\
        import logging
        logging.disable(logging.WARNING)  # torch's log lines carry the time and the pid
        compiled = torch.compile(model, backend="eager", fullgraph=True)
        for x, y in loader:
            loss_of(compiled(x), y).backward()
            optimizer.step()
            optimizer.zero_grad()
        @torch.compile(backend="eager", fullgraph=True)
        def both(x, y):
            return loss_of(model(x), y)
        for x, y in loader:
            both(x, y).backward()
            optimizer.step()
        model.compile(backend="eager", fullgraph=True)
        for x, y in loader:
            loss_of(model(x), y).backward()
            optimizer.step()
        step = torch.compile(optimizer.step, backend="eager", fullgraph=False)
        for x, y in loader:
            loss_of(model(x), y).backward()
            step()
        print(weights())
    """)  # fmt: skip
    trace = same(["train.py"], tmp_path).trace
    assert trace.phases()["backward"] == 32
    assert trace.phases()["forward"] >= 24
    assert trace.notes() == []


def test_scripted_traced_and_symbolic_models_work(tmp_path):
    script(tmp_path, """\
        import copy, inspect, pickle
        import torch.fx
        plain = nn.Sequential(nn.Linear(8, 4), nn.ReLU())
        scripted, traced = torch.jit.script(plain), torch.jit.trace(plain, torch.randn(1, 8))
        graph = torch.fx.symbolic_trace(plain)
        for x, y in loader:
            total = sum(m(x).sum() for m in (plain, scripted, traced, graph))
            total.backward()
            optimizer.step()
        print(inspect.signature(model), nn.Module.__call__, torch.Tensor.backward, model.__call__.__func__)
        print(model.__call__(x).shape, callable(model), hasattr(model, "__call__"))
        stored = model.__call__
        print(stored(x).shape, torch.equal(copy.deepcopy(model)(x), model(x)))
        print(torch.equal(pickle.loads(pickle.dumps(model))(x), model(x)))
        out = model(x)
        torch.autograd.backward(out.sum())
        print(torch.autograd.grad(model(x).sum(), list(model.parameters()))[0].sum().item())
    """.replace("nn.Module.__call__, torch.Tensor.backward, model.__call__.__func__",
                "nn.Module.__call__.__qualname__, torch.Tensor.backward.__qualname__, model.__call__.__func__.__qualname__"))  # fmt: skip
    trace = same(["train.py"], tmp_path).trace
    assert len(trace.iterations()) == 8
    assert len([s for s in trace.spans if s.phase == "forward" and s.iteration >= 0]) == 32


def test_other_threads_train_untraced_and_unharmed(tmp_path):
    script(tmp_path, """\
        import threading
        nets = [Net() for _ in range(4)]
        def work(net):
            opt = torch.optim.SGD(net.parameters(), lr=0.1)
            # A loader without a generator of its own draws from the one that all threads share, in any order.
            own = torch.Generator().manual_seed(1)
            for x, y in DataLoader(data, batch_size=8, generator=own):
                loss_of(net(x), y).backward()
                opt.step()
        threads = [threading.Thread(target=work, args=(net,)) for net in nets]
        for t in threads: t.start()
        for x, y in loader:
            loss_of(model(x), y).backward()
            optimizer.step()
        for t in threads: t.join()
        print(weights(), [sum(p.double().sum().item() for p in n.parameters()).hex() for n in nets])
    """)  # fmt: skip
    trace = same(["train.py"], tmp_path).trace
    assert {name: count for name, count in trace.phases().items() if name != "data"} == {
        "forward": 8, "backward": 8, "optimizer": 8,
    }  # fmt: skip


def test_an_inference_loop_without_training_is_reported(tmp_path):
    script(tmp_path, """\
        with torch.inference_mode():
            for x, y in loader:
                model(x)
    """)
    trace = same(["train.py"], tmp_path).trace
    assert list(trace.loops.values()) == [(BEFORE + 2, BEFORE + 3, "inference", -1, "batch")]
    assert trace.phases() == {"data": 8, "forward": 8}


def test_a_trainer_in_another_file_is_found(tmp_path):
    write(tmp_path, engine="""
def fit(model, loader, optimizer, loss_of):
    for x, y in loader:
        loss = loss_of(model(x), y)
        loss.backward()
        optimizer.step()
""")
    script(tmp_path, "from engine import fit\nfit(model, loader, optimizer, loss_of)\nprint(weights())\n")
    trace = same(["train.py"], tmp_path).trace
    assert len(trace.iterations(3)) == 8
    assert {span.path.rsplit("/", 1)[1] for span in trace.spans if span.line} == {"engine.py"}


def test_a_hook_that_fails_takes_itself_off_and_says_so_in_the_trace_only(tmp_path):
    """What torch may become one day: here the tracer's own parts are broken on purpose."""
    script(tmp_path, """\
        import os
        if os.environ.get("WATTLINE_TRACE_DIR"):
            import builtins
            sites = builtins._wattline.tracer.sites
            def broken(frame): raise RuntimeError("broken on purpose")
            sites.of = broken
        for x, y in loader:
            loss_of(model(x), y).backward()
            optimizer.step()
        print(weights())
    """)  # fmt: skip
    trace = same(["train.py"], tmp_path).trace
    assert trace.notes() == ["tracer-hook-off"] * 3
    assert len(trace.iterations()) == 8
    assert set(trace.phases()) == {"data"}
