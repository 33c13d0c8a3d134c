"""The user's own modules get their training loops rewritten as they are imported; frameworks get their hooks.

A finder stands before Python's path finder and asks it. A module of the user's (not of site-packages, not of the
standard library) whose text speaks of training gets a loader that hands out the rewritten code; no `.pyc` is written
of it. Every other module is found and loaded as always.
"""

import os
import sys
from _frozen_importlib_external import PathFinder, SourceFileLoader
from _thread import get_ident

from . import arrivals

# A file without any of these words has no loop that the rules would call training, evaluation or inference.
# Looked for in the bytes, so that a file is parsed only where that may be worth it.
_HINTS = (
    b".backward(",
    b".step(",
    b"train_",
    b"training_",
    b"_step(",
    b"_batch(",
    b"apply_gradients",
    b"apply_updates",
    b".minimize(",
    b"grad(",
    b"partial_fit",
    b"no_grad",
    b"inference_mode",
    b".eval()",
    b".generate(",
    b".predict(",
    b"wattline:",
)
# Parsing costs time in proportion; nobody writes a training loop in a file of this size.
_SIZE_LIMIT_BYTES = 2_000_000


class Plan:
    """What the environment asked for, and the tracer once it is needed.

    Attributes:
        folder: Where traces are written.
        named: (path, line) of the loop that the editor named, or None.
        started_ns: When tracing began, nanoseconds of CLOCK_MONOTONIC.
        pid, main_thread: Of the process then; a fork has others.
    """

    def __init__(self, folder, named, started_ns):
        self.folder = folder
        self.named = named
        self.started_ns = started_ns
        self.pid = os.getpid()
        self.main_thread = get_ident()
        self._tracer = None

    @property
    def tracer(self):
        """The tracer of this process, made when the first loop or framework asks for it."""
        if self._tracer is None:
            from .tracer import Tracer

            self._tracer = Tracer(self)
        return self._tracer

    def rewritten(self, data, path, main=False):
        """Code of a source text with its loops rewritten.

        Args:
            data: The file's bytes.
            path: Absolute, as tracebacks shall show it.
            main: Whether this is the main script, whose module must be put right first (see mainscript.py).
        Returns:
            The code, or None where the text is to be loaded as always: nothing to rewrite, or not parsable (Python's
            own loader then says why).
        """
        if not self._hopeful(data, path):
            return None
        try:
            from .rewrite import rewrite

            code = rewrite(data, path, self.named, main)
            # With the code goes what it calls.
            self.tracer.open_door()
            return code
        except Exception:
            return None

    def _hopeful(self, data, path):
        if len(data) > _SIZE_LIMIT_BYTES or not (b"for" in data or b"while" in data):
            return False
        if self.named is not None and os.path.basename(path) == os.path.basename(self.named[0]):
            return True
        return any(hint in data for hint in _HINTS)


_STANDARD_LIBRARY = os.path.dirname(os.__file__) + os.sep
_OURS = os.path.dirname(__file__) + os.sep


def is_users(path):
    """Whether a source file belongs to the user: not installed, not the standard library, not the tracer."""
    return not (
        path[:1] == "<"
        or "site-packages" in path
        or "dist-packages" in path
        or path.startswith(_STANDARD_LIBRARY)
        or path.startswith(_OURS)
    )


class RewritingLoader(SourceFileLoader):
    """Loads a module from code that is already there; all else as its class does. Writes no `.pyc`."""

    def __init__(self, fullname, path, code):
        super().__init__(fullname, path)
        self._code = code

    def get_code(self, fullname):
        return self._code


class Finder:
    """Stands before the path finder. Never fails where that would not."""

    def __init__(self, plan):
        self.plan = plan
        self.watched = arrivals.ARRIVALS

    def find_spec(self, fullname, path=None, target=None):
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or type(spec.loader) is not SourceFileLoader:
            return spec
        hooks = self.watched.get(fullname)
        if hooks is not None:
            when_executed(spec.loader, self.plan, lambda plan: arrivals.arrived(hooks, fullname, plan))
        elif is_users(spec.origin):
            self._rewrite(spec)
        return spec

    def _rewrite(self, spec):
        try:
            with open(spec.origin, "rb") as file:
                data = file.read(_SIZE_LIMIT_BYTES + 1)
        except OSError:
            return  # The loader meets the same error and says so.
        code = self.plan.rewritten(data, spec.origin)
        if code is not None:
            spec.loader = RewritingLoader(spec.loader.name, spec.loader.path, code)

    def invalidate_caches(self):
        """The path finder has its own place in sys.meta_path and is told there."""


def when_executed(loader, plan, arrived):
    """Calls `arrived(plan)` once, when the loader has executed its module; no frame of ours is on the stack meanwhile.

    The loader's class is exchanged for one whose `exec_module` is watched (see watched.py), until that was called.
    """
    from .watched import Watched, ending

    name = loader.name

    class Once(Watched):
        __slots__ = ()

        def bind(self, instance):
            # The import system looks whether there is such a method before it calls it; only then the module is known.
            if name not in sys.modules:
                return super().bind(instance)
            instance.__class__ = SourceFileLoader
            return ending(instance.exec_module, lambda: arrived(plan))

    exec_module = Once(SourceFileLoader.exec_module)
    loader.__class__ = type("SourceFileLoader", (SourceFileLoader,), {"exec_module": exec_module})


def install(plan):
    """Puts the finder before Python's path finder."""
    places = [place for place, finder in enumerate(sys.meta_path) if finder is PathFinder]
    if places:
        sys.meta_path.insert(places[0], Finder(plan))
