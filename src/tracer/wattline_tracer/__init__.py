"""Names of one's own for phases and iterations, for those who want them. Without Wattline both are free no-ops.

    from wattline_tracer import mark, phase

    with phase("augment"):          # a span of its own in the report; nests; the innermost counts
        images = augment(images)

    @phase("forward")               # the names of the report (data, forward, backward, optimizer, communication, other)
    def run(batch): ...             # are joined with what Wattline finds by itself

    mark(iteration=step)            # here iteration `step` begins, and the one before it ends

Nothing here raises, prints, or changes a result. Under ``wattline run`` the tracer replaces what ``_backend`` names.
"""

__all__ = ["mark", "phase"]
__version__ = "0.1.0"


class _NoPhase:
    """What ``phase`` is without Wattline: a context that does nothing, a decorator that returns its function."""

    __slots__ = ()

    def __enter__(self):
        return self

    def __exit__(self, kind, value, traceback):
        return None

    def __call__(self, function):
        return function


_no_phase = _NoPhase()


class _NoBackend:
    """No Wattline: nothing is recorded."""

    __slots__ = ()

    def phase(self, name):
        return _no_phase

    def mark(self, iteration):
        return None


_backend = _NoBackend()


def phase(name):
    """A named part of the program: a context manager, or a decorator for a function.

    A decorated generator or coroutine function is left as it is: its call is over before its work begins.

    Args:
        name: What the report calls it. Names of the report's own phases are joined with those.
    """
    return _backend.phase(name)


def mark(iteration=None):
    """Says that an iteration begins here, where Wattline cannot see the loop.

    It lasts until the next ``mark``, the end of the iteration of a traced loop around it, or the end of the program.
    Marks of different lines are different loops.

    Args:
        iteration: Its number, from 0; without one they are counted.
    """
    _backend.mark(iteration)
