"""scikit-learn, LightGBM, XGBoost: a `fit` is one phase, `fit`, with the line that called it.

Every estimator has a `fit` of its own. `BaseEstimator.__init_subclass__` is where each class comes by, the user's and
those of other libraries too. A `fit` inside another (a pipeline's, a grid search's) is a part of that.
"""

import sys
import types
from opcode import opname

from ..mainscript import command_line
from .steps import Call, Function, Outermost

_METHODS = ("fit", "fit_transform", "fit_predict", "partial_fit")
# A method that is looked up and dropped looks like a call that is over at once; no fit is as short.
_LEAST_NS = 10_000


def install_sklearn(tracer, name):
    """`sklearn.base` has been imported: nearly nothing derives from its classes yet."""
    fits = _fits(tracer)
    base = sys.modules[name].BaseEstimator
    base.__init_subclass__ = _EachSubclass(fits, base)
    for known in _subclasses(base):
        fits.watch(known)


def install_estimators(tracer, name):
    """`lightgbm.sklearn`, `xgboost.sklearn`: without scikit-learn their classes have another base."""
    fits = _fits(tracer)
    for value in list(vars(sys.modules[name]).values()):
        if isinstance(value, type) and value.__module__ == name:
            fits.watch(value)


def install_train(tracer, name):
    """`lightgbm.engine`, `xgboost.training`: the function `train`."""
    module = sys.modules[name]
    module.train = Function(_fits(tracer), module.train)


def _subclasses(base):
    for subclass in base.__subclasses__():
        yield subclass
        yield from _subclasses(subclass)


def _fits(tracer):
    fits = getattr(tracer, "fits", None)
    if fits is None:
        fits = tracer.fits = _Fits(tracer)
    return fits


class _Fits(Outermost):
    def __init__(self, tracer):
        super().__init__(tracer, "fit", _LEAST_NS)

    def watch(self, owner):
        for name in _METHODS:
            method = owner.__dict__.get(name)
            if isinstance(method, types.FunctionType) and not getattr(method, "__isabstractmethod__", False):
                Call(self.tracer, owner, name, f"{owner.__name__}.{name}", self.begin)

    def begin(self, estimator, frame):
        if _is_helper() or (estimator is not None and _only_asks(frame)):
            return None
        return super().begin(estimator, frame)


def _only_asks(frame):
    """Whether a method is looked up by a function, `hasattr(estimator, "fit")`, and not by code that then calls it."""
    return "CALL" in opname[frame.f_code.co_code[frame.f_lasti]]  # PRECALL in 3.11


def _is_helper():
    """Whether this process fits on behalf of another one, whose own `fit` waits for it: a worker of joblib's."""
    process = sys.modules.get("multiprocessing.process")
    if process is not None and process.parent_process() is not None:
        return True
    return any("loky" in word for word in command_line()[:8])


class _EachSubclass:
    """Stands for `__init_subclass__`, which Python looks up when a class has been made, and then calls."""

    def __init__(self, fits, base):
        self.fits = fits
        self.base = base

    def __get__(self, instance, owner):
        if owner is not self.base:
            try:
                self.fits.watch(owner)
            except Exception:
                pass  # This class is not seen.
        return super(self.base, owner).__init_subclass__
