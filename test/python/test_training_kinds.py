"""Ways to train that people really use: accumulation, mixed precision, two models, evaluation within, early exit."""

import textwrap

from harness import same, write
from test_examples import needs

HEAD = """
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset
torch.manual_seed(0)
torch.set_num_threads(1)
def network(inputs=8, outputs=2):
    return nn.Sequential(nn.Linear(inputs, 16), nn.ReLU(), nn.Linear(16, outputs))
model = network()
optimizer = torch.optim.AdamW(model.parameters())
data = TensorDataset(torch.randn(64, 8), torch.randint(0, 2, (64,)))
loader = DataLoader(data, batch_size=8, shuffle=True)
def weights(*models):
    return [p.detach().double().sum().item().hex() for m in models for p in m.parameters()]
"""
BEFORE = HEAD.count("\n")


def script(tmp_path, body):
    write(tmp_path, train=HEAD + textwrap.dedent(body))


def spans_by_iteration(trace, line):
    """The names of the phases of each iteration of the loop that begins in a line of the body, data left out."""
    (loop,) = (number for number, row in trace.loops.items() if row[0] == BEFORE + line)
    spans = sorted((s for s in trace.spans if s.loop == loop and s.phase != "data"), key=lambda s: s.start)
    count = len([row for row in trace.named("i") if row[1] == loop])
    return [[s.phase for s in spans if s.iteration == number] for number in range(count)]


STEP = ["forward", "backward", "optimizer"]


def test_accumulation_mixed_precision_and_two_models(tmp_path):
    needs("torch")
    script(tmp_path, """\
        for step, (x, y) in enumerate(loader):
            (F.cross_entropy(model(x), y) / 4).backward()
            if (step + 1) % 4 == 0:
                optimizer.step()
                optimizer.zero_grad()
        for x, y in loader:
            for part, label in zip(x.chunk(2), y.chunk(2)):
                F.cross_entropy(model(part), label).backward()
            optimizer.step()
            optimizer.zero_grad()
        scaler = torch.amp.GradScaler("cpu", init_scale=4.0)
        for step, (x, y) in enumerate(loader):
            optimizer.zero_grad()
            with torch.autocast("cpu", dtype=torch.bfloat16):
                loss = F.cross_entropy(model(x), y)
            if step == 3:
                loss = loss * float("inf")
            scaler.scale(loss).backward()
            scaler.unscale_(optimizer)
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            scaler.step(optimizer)
            scaler.update()
        generator, discriminator = network(4, 8), network(8, 1)
        opt_g = torch.optim.Adam(generator.parameters(), lr=1e-3)
        opt_d = torch.optim.Adam(discriminator.parameters(), lr=1e-3)
        for x, _ in loader:
            fake = generator(torch.randn(len(x), 4))
            loss_d = F.softplus(-discriminator(x)).mean() + F.softplus(discriminator(fake.detach())).mean()
            opt_d.zero_grad()
            loss_d.backward()
            opt_d.step()
            opt_g.zero_grad()
            F.softplus(-discriminator(fake)).mean().backward()
            opt_g.step()
        print(weights(model, generator, discriminator))
    """)  # fmt: skip
    trace = same(["train.py"], tmp_path).trace
    plain, full = ["forward", "backward"], STEP
    assert spans_by_iteration(trace, 1) == [plain, plain, plain, full] * 2
    # Micro-batches in a loop of their own are a part of the iteration.
    assert spans_by_iteration(trace, 6) == [["forward", "backward"] * 2 + ["optimizer"]] * 8
    # GradScaler leaves a step out whose gradients are not finite.
    assert spans_by_iteration(trace, 12) == [plain if step == 3 else full for step in range(8)]
    gan = ["forward"] * 3 + ["backward", "optimizer", "forward", "backward", "optimizer"]
    assert spans_by_iteration(trace, 26) == [gan] * 8
    assert trace.counters("parameters")[-1] == 178 + (4 * 16 + 16 + 16 * 8 + 8) + (8 * 16 + 16 + 16 + 1)
    assert trace.notes() == []


def test_evaluation_within_the_loop_early_exit_and_inference(tmp_path):
    needs("torch")
    script(tmp_path, """\
        def accuracy():
            model.eval()
            with torch.no_grad():
                right = sum((model(x).argmax(1) == y).sum().item() for x, y in loader)
                for x, y in loader:
                    right += (model(x).argmax(1) == y).sum().item()
            model.train()
            return right
        def fit():
            for step, (x, y) in enumerate(loader):
                loss = F.cross_entropy(model(x), y)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                if step % 2:
                    print(accuracy())
                if step == 4:
                    return
        fit()
        @torch.inference_mode()
        def infer():
            for x, y in loader:
                model(x)
                break
        infer()
        steps = iter(loader)
        try:
            while True:
                x, y = next(steps)
                F.cross_entropy(model(x), y).backward()
                optimizer.step()
        except StopIteration:
            pass
        print(weights(model))
    """)  # fmt: skip
    trace = same(["train.py"], tmp_path).trace
    loops = {line - BEFORE: (kind, parent) for line, _, kind, parent, _ in trace.loops.values()}
    ids = {row[0] - BEFORE: number for number, row in trace.loops.items()}
    assert loops == {10: ("training", -1), 5: ("evaluation", ids[10]), 22: ("inference", -1), 28: ("training", -1)}
    assert len(trace.iterations(BEFORE + 10)) == 5
    assert [phases[:3] for phases in spans_by_iteration(trace, 10)] == [STEP] * 5
    # Twice two passes of eight batches: one is a loop of its own, the other belongs to the iteration around it.
    assert spans_by_iteration(trace, 5) == [["forward"]] * 16
    assert [len(phases) for phases in spans_by_iteration(trace, 10)] == [3, 11, 3, 11, 3]
    assert spans_by_iteration(trace, 22) == [["forward"]]
    # The ninth pass of the last one ends in StopIteration.
    assert spans_by_iteration(trace, 28) == [STEP] * 8 + [[]]


def test_a_loop_with_accelerate(tmp_path):
    needs("accelerate")
    script(tmp_path, """\
        from accelerate import Accelerator
        accelerator = Accelerator(cpu=True, gradient_accumulation_steps=2)
        model, optimizer, loader = accelerator.prepare(model, optimizer, loader)
        for x, y in loader:
            with accelerator.accumulate(model):
                loss = F.cross_entropy(model(x), y)
                accelerator.backward(loss)
                optimizer.step()
                optimizer.zero_grad()
        print(weights(model))
    """)  # fmt: skip
    trace = same(["train.py"], tmp_path).trace
    assert spans_by_iteration(trace, 4) == [["forward", "backward"], STEP] * 4
    assert [s.iteration for s in trace.spans if s.phase == "data"][:8] == list(range(8))


def test_several_trainers_with_errors_and_an_overridden_step(tmp_path):
    needs("transformers")
    script(tmp_path, """\
        import traceback
        from transformers import Trainer, TrainerCallback, TrainingArguments
        class Model(nn.Module):
            def __init__(self):
                super().__init__()
                self.inner = network()
            def forward(self, x, labels=None):
                return {"loss": F.cross_entropy(self.inner(x), labels)}
        class Mine(Trainer):
            def training_step(self, model, inputs, *rest):
                if self.state.global_step == 2 and self.fails:
                    raise RuntimeError("in the third step")
                return super().training_step(model, inputs, *rest)
        class Stop(TrainerCallback):
            def on_step_end(self, args, state, control, **_):
                control.should_training_stop = state.global_step == 3
        rows = [{"x": x, "labels": y} for x, y in data]
        for fails in (True, False):
            args = TrainingArguments("out", per_device_train_batch_size=8, report_to=[], save_strategy="no", use_cpu=True,
                                     logging_strategy="no", disable_tqdm=True, max_steps=6, seed=3)
            from transformers.trainer_callback import PrinterCallback
            trainer = Mine(Model(), args, train_dataset=rows, callbacks=[Stop()])
            trainer.remove_callback(PrinterCallback)
            trainer.fails = fails
            try:
                trainer.train()
            except RuntimeError:
                traceback.print_exc()
            print(weights(trainer.model), trainer.callback_handler.callback_list)
    """)  # fmt: skip
    trace = same(["train.py"], tmp_path, HF_HUB_OFFLINE="1").trace
    (loop,) = trace.loops.values()
    assert loop[:3] == (BEFORE + 26, BEFORE + 26, "training")
    # Two and a half of the first trainer, three of the second.
    iterations = spans_by_iteration(trace, 26)
    assert iterations == [STEP, STEP, [], STEP, STEP, STEP]
    assert trace.notes() == []


def test_a_library_that_nobody_knows_has_its_loop_reported_at_the_line_that_called_it(tmp_path):
    """It holds the loop, as fastai or Composer do; here it lies in a folder of installed packages."""
    needs("torch")
    write(tmp_path, site_packages__library=textwrap.dedent("""\
        class Learner:
            def __init__(self, model, optimizer, loader, loss_of):
                self.__dict__.update(locals())
            def one(self, x, y):
                loss = self.loss_of(self.model(x), y)
                self.optimizer.zero_grad()
                loss.backward()
                self.optimizer.step()
            def fit(self, epochs, stop=None):
                for _ in range(epochs):
                    for step, (x, y) in enumerate(self.loader):
                        self.one(x, y)
                        if step == stop:
                            break
            def check(self):
                return sum(self.loss_of(self.model(x), y).item() for x, y in self.loader)
    """))  # fmt: skip
    (tmp_path / "site_packages").rename(tmp_path / "site-packages")
    script(tmp_path, """\
        import sys
        sys.path.append("site-packages")
        from library import Learner
        learner = Learner(model, optimizer, loader, F.cross_entropy)
        learner.fit(2)
        print(learner.check())
        learner.fit(1, stop=3)
        print(learner.check())
        for x, y in loader:
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
        print(weights(model))
    """)  # fmt: skip
    trace = same(["train.py"], tmp_path).trace
    # Of each call's first epoch the first iteration has passed before it is known that weights are updated.
    assert spans_by_iteration(trace, 5) == [STEP] * (7 + 8)
    assert spans_by_iteration(trace, 7) == [STEP] * 3
    assert spans_by_iteration(trace, 9) == [STEP] * 8
    assert {row[3] for row in trace.loops.values()} == {-1}
    assert len(trace.loops) == 3
    waits = [s for s in trace.spans if s.phase == "data" and s.loop == 0]
    assert [s.iteration for s in waits][:7] == list(range(7))
