"""Where each module is made: `torch.nn.Module.__init__` is watched (see watched.py), and notes the line of the code that
stands around it. A few microseconds a module, when the model is built."""

import sys
import weakref

from ..watched import Watched
from .layer import Places

# A program that makes modules without end must not fill the memory.
_LIMIT = 100_000


class Births(Watched):
    """In the place of `Module.__init__`.

    Attributes:
        places: (path, line) by the module's id; dropped when the module is.
    """

    __slots__ = ("places", "finder", "alive")

    def __init__(self, torch):
        super().__init__(torch.nn.Module.__dict__["__init__"])
        self.places = {}
        self.alive = {}
        self.finder = Places(torch)
        torch.nn.Module.__init__ = self

    def bind(self, instance):
        try:
            if len(self.places) < _LIMIT:
                key = id(instance)
                # __get__ stands between the caller and here.
                self.places[key] = self.finder.of(sys._getframe(2), instance)
                self.alive[key] = weakref.ref(instance, lambda _: self._forget(key))
        except Exception:
            pass  # The layer has no line then.
        return super().bind(instance)

    def _forget(self, key):
        self.places.pop(key, None)
        self.alive.pop(key, None)

    def of(self, module):
        """(path, line) of where a module was made, or None."""
        return self.places.get(id(module))
