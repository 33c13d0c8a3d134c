"""Which line of the user's code a call came from, cheaply.

`frame.f_lineno` decodes a table on every call; `(code, f_lasti)` is a key for its answer. Code objects are slow to
hash, so they are known by `id` and kept alive.
"""

from .imports import is_users

# How far up the user's code is looked for: a framework's trainer stands between (about ten frames of Hugging Face, thirty of Lightning).
_HOPS = 40
# Code that is made while running (exec in a loop) must not fill the memory.
_LIMIT = 8192
_LINE_BITS = 24


class Sites:
    """A site is one integer: (path number + 1) shifted by 24 bits, and the line. 0: not known.

    Attributes:
        paths: The files seen so far, in the order of their numbers.
    """

    def __init__(self):
        self.paths = []
        self._numbers = {}
        self._codes = {}
        self._kept = []

    def of(self, frame):
        """The site of the innermost user's frame from `frame` up."""
        codes = self._codes
        for _ in range(_HOPS):
            if frame is None:
                return 0
            lines = codes.get(id(frame.f_code))
            if lines is None:
                lines = self._learn(frame.f_code)
            if lines:
                return lines.get(frame.f_lasti) or self._line(lines, frame)
            frame = frame.f_back
        return 0

    def number(self, path):
        """The number of a file, from 0."""
        number = self._numbers.get(path)
        if number is None:
            number = self._numbers[path] = len(self.paths)
            self.paths.append(path)
        return number

    def _learn(self, code):
        if len(self._kept) >= _LIMIT:
            self._codes.clear()
            self._kept.clear()
        self._kept.append(code)
        path = code.co_filename
        # Key -1 (no instruction has it) holds the file; installed code has no lines and is passed by.
        lines = {-1: (self.number(path) + 1) << _LINE_BITS} if is_users(path) else {}
        self._codes[id(code)] = lines
        return lines

    def _line(self, lines, frame):
        site = lines[-1] | (frame.f_lineno or 0)
        lines[frame.f_lasti] = site
        return site


def path_number(site):
    """The number of a site's file, or -1."""
    return (site >> _LINE_BITS) - 1


def line_of(site):
    """The line, from 1, or 0."""
    return site & ((1 << _LINE_BITS) - 1)
