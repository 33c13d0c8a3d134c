"""scikit-learn, LightGBM, XGBoost: a `fit` is one phase, `fit`, with the line that called it.

Every estimator has a `fit` of its own. `BaseEstimator.__init_subclass__` is where each class comes by, the user's and
those of other libraries too. A `fit` inside another (a pipeline's, a grid search's) is a part of that.
"""

import sys
import types
from _thread import get_ident
from time import perf_counter_ns as clock

from ..recorder import SAMPLE_MASK
from ..watched import Watched, ending
from .steps import Call

_METHODS = ("fit", "fit_transform", "fit_predict", "partial_fit")
# `hasattr(estimator, "fit")` looks like a call that is over at once; no fit is as short.
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
    module.train = _WatchedFunction(module.train, _fits(tracer))


def _subclasses(base):
    for subclass in base.__subclasses__():
        yield subclass
        yield from _subclasses(subclass)


def _fits(tracer):
    fits = getattr(tracer, "fits", None)
    if fits is None:
        fits = tracer.fits = _Fits(tracer)
    return fits


class _Fits:
    def __init__(self, tracer):
        self.tracer = tracer
        self.open_in = -1  # The tracer's generation in which a fit is open.

    def watch(self, owner):
        for name in _METHODS:
            method = owner.__dict__.get(name)
            if isinstance(method, types.FunctionType) and not getattr(method, "__isabstractmethod__", False):
                Call(self.tracer, owner, name, f"{owner.__name__}.{name}", self.begin)

    def begin(self, estimator, frame):
        tracer = self.tracer
        if self.open_in == tracer.generation:
            return None
        self.open_in = tracer.generation
        site = tracer.sites.of(frame)
        since = clock()

        def end():
            now = clock()
            if self.open_in != tracer.generation:
                return
            self.open_in = -1
            recorder = tracer.recorder
            if recorder.active and recorder.on and now - since >= _LEAST_NS:
                recorder.span(recorder.code("fit"), since, now, site)
                if not recorder.count & SAMPLE_MASK:
                    recorder.own_time(now)

        return end


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


class _CallOfFunction(Watched):
    __slots__ = ()

    def bind(self, function):
        plain, fits = function.__wrapped__, function.fits
        recorder = fits.tracer.recorder
        if not recorder.active or get_ident() != recorder.main_thread:
            return plain
        try:
            end = fits.begin(None, sys._getframe(2))
        except Exception:
            return plain
        return plain if end is None else ending(plain, end)


class _WatchedFunction:
    """A function of a module whose calls are seen, with no frame of ours between."""

    __call__ = _CallOfFunction(None)

    def __init__(self, function, fits):
        self.__dict__.update(vars(function))
        self.__wrapped__ = function
        self.__doc__ = function.__doc__
        self.__module__ = function.__module__
        self.__name__ = function.__name__
        self.__qualname__ = function.__qualname__
        self.fits = fits

    def __repr__(self):
        return repr(self.__wrapped__)

    def __reduce__(self):
        return self.__qualname__
