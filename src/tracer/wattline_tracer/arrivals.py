"""Which hooks go in when a module of a framework has been imported. Nothing here imports a framework.

The modules are those where the class or function lives that is watched: a package loads many of them late, or never.
"""


_KERAS = "keras.src."
_LOOPS = ".loops."

# Module: (ours, the function in it that puts the hooks in).
ARRIVALS = {
    "torch": ("pytorch", "arrived"),
    "torch.distributed.pipelining.stage": ("pipelining", "install"),
    "transformers.trainer": ("huggingface", "install"),
    "transformers.generation.utils": ("generation", "install"),
    "jax": ("jax", "install"),
    "sklearn.base": ("fits", "install_sklearn"),
    "lightgbm.sklearn": ("fits", "install_estimators"),
    "lightgbm.engine": ("fits", "install_train"),
    "xgboost.sklearn": ("fits", "install_estimators"),
    "xgboost.training": ("fits", "install_train"),
    f"{_KERAS}callbacks.callback_list": ("keras", "install_callbacks"),
    f"{_KERAS}layers.layer": ("keras", "install_layers"),
    f"{_KERAS}optimizers.base_optimizer": ("keras", "install_optimizers"),
}
for _backend in ("torch", "jax", "tensorflow"):
    ARRIVALS[f"{_KERAS}backend.{_backend}.trainer"] = ("keras", "install_trainer")
for _package in ("lightning.pytorch", "pytorch_lightning"):
    ARRIVALS[f"{_package}{_LOOPS}training_epoch_loop"] = ("lightning", "install_training")
    ARRIVALS[f"{_package}{_LOOPS}evaluation_loop"] = ("lightning", "install_evaluation")
    ARRIVALS[f"{_package}{_LOOPS}prediction_loop"] = ("lightning", "install_prediction")


def arrived(hooks, name, plan):
    """A module has been executed: its hooks go in, unless a debugger would step into them. What fails leaves one line
    in the trace.
    """
    from importlib import import_module

    from .loops import debugging

    if debugging():
        return
    module, function = hooks
    where = ".pytorch" if module == "pytorch" else f".frameworks.{module}"
    try:
        getattr(import_module(where, __package__), function)(plan.tracer, name)
    except Exception as error:
        from .frameworks.steps import note_off

        note_off(plan.tracer, name, error)
