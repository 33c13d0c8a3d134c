"""JAX, Lightning, Keras and fits where the examples do not go: errors, other calls, names and pickles."""

import textwrap

from harness import same, write
from test_examples import needs


def test_a_flax_loop_and_its_errors_look_as_they_did(tmp_path):
    needs("jax", "flax", "optax")
    write(tmp_path, train=textwrap.dedent("""\
        import inspect, traceback
        import jax, jax.numpy as jnp, numpy as np, optax
        from flax import nnx
        model = nnx.Linear(8, 2, rngs=nnx.Rngs(0))
        optimizer = nnx.Optimizer(model, optax.adam(1e-2), wrt=nnx.Param)
        @nnx.jit
        def step(model, optimizer, x, y):
            def loss_of(model):
                return optax.softmax_cross_entropy_with_integer_labels(model(x), y).mean()
            loss, gradients = nnx.value_and_grad(loss_of)(model)
            optimizer.update(model, gradients)
            return loss
        random = np.random.default_rng(0)
        def batch(width=8):
            return random.normal(size=(16, width)), random.integers(0, 2, 16)
        for k in range(6):
            loss = step(model, optimizer, *batch())
            print(loss.item().hex())
        try:
            step(model, optimizer, *batch(9))
        except Exception:
            traceback.print_exc()
        class Plain:
            square = jax.jit(lambda self: self.x @ self.x, static_argnums=0)
            x = jnp.ones((2, 2))
        @jax.jit
        def product(a):
            return a @ a
        print(Plain().square(), jax.block_until_ready({"a": product(jnp.eye(2))}), jax.device_get([loss]))
        print(inspect.signature(jax.block_until_ready), jax.device_get.__name__, product.lower(jnp.eye(2)).as_text()[:20])
        product(
            jnp.ones((3, 4)),
        )
    """))  # fmt: skip
    trace = same(["train.py"], tmp_path).trace
    assert [s.line for s in trace.spans if s.phase == "step" and s.iteration >= 0 and s.duration > 1e-4][:1] == [17]
    assert [s.iteration for s in trace.spans if s.phase == "step" and s.line == 17] == list(range(6))
    assert trace.loops[0][:3] == (16, 18, "training")
    assert {"step", "compile"} <= {s.phase for s in trace.spans if s.iteration == 0}
    assert {s.line for s in trace.spans if s.phase == "step" and s.iteration < 0} >= {20, 29, 31}
    assert trace.notes() == []


def test_a_lightning_run_that_validates_predicts_optimizes_by_hand_and_fails(tmp_path):
    needs("lightning")
    write(tmp_path, train=textwrap.dedent("""\
        import logging, traceback, warnings
        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)
        import lightning as L, torch
        from torch.nn import functional as F
        from torch.utils.data import DataLoader, TensorDataset
        torch.set_num_threads(1)
        class Module(L.LightningModule):
            def __init__(self):
                super().__init__()
                self.automatic_optimization = False
                self.layer = torch.nn.Linear(8, 2)
            def training_step(self, batch, index):
                optimizer = self.optimizers()
                loss = F.cross_entropy(self.layer(batch[0]), batch[1])
                optimizer.zero_grad()
                self.manual_backward(loss)
                optimizer.step()
                if self.current_epoch == 1 and index == 2:
                    raise ValueError("in the third batch")
            def test_step(self, batch, index):
                self.log("loss", F.cross_entropy(self.layer(batch[0]), batch[1]))
            def predict_step(self, batch, index):
                return self.layer(batch[0])
            def configure_optimizers(self):
                return torch.optim.SGD(self.parameters(), lr=0.1)
        L.seed_everything(1)
        loader = DataLoader(TensorDataset(torch.randn(64, 8), torch.randint(0, 2, (64,))), 16)
        quiet = dict(logger=False, enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False)
        trainer = L.Trainer(max_epochs=2, accelerator="cpu", **quiet)
        module = Module()
        try:
            trainer.fit(module, loader)
        except ValueError:
            traceback.print_exc()
        trainer.test(module, loader, verbose=False)
        print(sum(p.sum().item() for p in trainer.predict(module, loader)), trainer.callbacks)
        print([p.double().sum().item().hex() for p in module.parameters()])
    """))  # fmt: skip
    trace = same(["train.py"], tmp_path).trace
    loops = {kind: (number, line) for number, (line, _, kind, _, _) in trace.loops.items()}
    assert {kind: line for kind, (_, line) in loops.items()} == {"training": 33, "evaluation": 36, "inference": 37}
    counts = {kind: len([row for row in trace.named("i") if row[1] == number]) for kind, (number, _) in loops.items()}
    assert counts == {"training": 4 + 3, "evaluation": 4, "inference": 4}
    training = [s for s in trace.spans if s.loop == loops["training"][0] and s.phase != "data"]
    assert [s.phase for s in training] == ["forward", "backward", "optimizer"] * 7
    assert trace.notes() == []


def test_estimators_keep_their_names_pickles_and_errors(tmp_path):
    needs("sklearn", "lightgbm")
    write(tmp_path, train=textwrap.dedent("""\
        import inspect, pickle, traceback
        import lightgbm, numpy as np
        from joblib import Parallel, delayed
        from sklearn.base import BaseEstimator, ClassifierMixin, clone
        from sklearn.linear_model import LogisticRegression
        from sklearn.model_selection import GridSearchCV
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
        random = np.random.default_rng(0)
        x = random.normal(size=(200, 4))
        y = (x[:, 0] > 0).astype(int)
        class Mine(ClassifierMixin, BaseEstimator):
            def fit(self, x, y):
                self.inner = LogisticRegression().fit(x, y)
                return self
        search = GridSearchCV(make_pipeline(StandardScaler(), LogisticRegression()), {"logisticregression__C": [1, 2]}, cv=2)
        search.fit(x, y)
        mine = Mine().fit(x, y)
        print(search.best_params_, clone(mine), mine.inner.coef_.sum().hex(), mine.fit.__name__, mine.fit == mine.fit)
        fit = LogisticRegression().fit
        print(pickle.loads(pickle.dumps(fit)), inspect.signature(fit), fit.__doc__[:30], hasattr(mine, "fit"))
        del fit
        print(Parallel(n_jobs=2)(delayed(LogisticRegression().fit)(x, y) for _ in range(2)))
        trees = lightgbm.LGBMClassifier(n_estimators=3, num_threads=1, verbose=-1).fit(x, y)
        print(trees.predict_proba(x).sum(axis=0), pickle.loads(pickle.dumps(lightgbm.train)) is lightgbm.train)
        for wrong in (lambda: LogisticRegression().fit(x, y[:3]), lambda: lightgbm.train({}, 3)):
            try:
                wrong()
            except Exception:
                traceback.print_exc()
    """))  # fmt: skip
    # Joblib's workers fit too, on behalf of this process: they write no trace.
    trace = same(["train.py"], tmp_path).trace
    fits = [s.line for s in trace.spans if s.phase == "fit"]
    assert [line for line in fits if line in (17, 18, 24)] == [17, 18, 24]
    assert trace.notes() == []
