"""To see where a call begins and ends without standing in its traceback.

A wrapper function around `Tensor.backward` would be a frame in every traceback through it. So the method is replaced
by a descriptor: looking it up on an instance (which Python does right before the call) notes the beginning, and
answers with a `functools.partial` of the real method, which has no Python frame, and which carries a guard. Nobody
holds that partial but the call itself: when the call is over, by return or by any exception, it dies, the guard with
it, and the guard's `__del__` notes the end. This needs CPython's reference counting.
Looked up on the class (`torch.Tensor.backward`), the real function comes back, so that comparisons hold.
"""

from _thread import interrupt_main
from functools import partial


class Watched:
    """A method of a class, replaced. Subclasses say in `bind` what an instance gets."""

    __slots__ = ("original",)

    def __init__(self, original):
        self.original = original

    def __get__(self, instance, owner=None):
        return self.original if instance is None else self.bind(instance)

    def bind(self, instance):
        """The method for one call. Must not raise."""
        return self.original.__get__(instance)


class _Ending:
    __slots__ = ("end",)

    def __init__(self, end):
        self.end = end

    def __del__(self):
        try:
            self.end()
        except KeyboardInterrupt:
            interrupt_main()  # Ctrl-C in just this microsecond: what is raised here is lost.
        except Exception:  # Python would print it to the user's stderr.
            pass


class _OneCall(partial):
    """Looks like the method that it stands for; pickled (to be called in another process, say) it is that alone."""

    def __reduce__(self):
        return self.func.__reduce_ex__(2)

    def __getattr__(self, name):
        # No more than these: by `__code__` or `__wrapped__` inspect would take it for the plain function.
        if name in ("__name__", "__qualname__", "__self__", "__func__"):
            return getattr(self.func, name)
        raise AttributeError(name)

    def __repr__(self):
        return repr(self.func)

    def __eq__(self, other):
        return self.func == (other.func if type(other) is _OneCall else other)

    def __hash__(self):
        return hash(self.func)

    @property
    def __doc__(self):
        return self.func.__doc__


def ending(method, end):
    """`method` as a callable for one call, after which `end()` is called."""
    call = _OneCall(method)
    call.guard = _Ending(end)
    return call
