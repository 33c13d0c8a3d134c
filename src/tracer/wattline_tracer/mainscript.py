"""Reaches the main script, which never goes through the import system.

Before it runs a script, Python asks `sys.path_hooks` whether its path is a folder or a zip file with a `__main__`. A
hook that takes exactly that path, and whose finder answers `__main__` with the rewritten code, makes Python run it by
`runpy`. What `runpy` leaves different is put right by `prepare`, which the rewritten script calls first.
"""

import os
import sys
from _frozen_importlib import ModuleSpec
from _frozen_importlib_external import SourceFileLoader

# Options of python that take a value of their own as the next word.
_WITH_VALUE = ("-W", "-X", "--check-hash-based-pycs")

_OURS = os.path.dirname(__file__) + os.sep


def command_line():
    """The words after the interpreter's own name: `sys.orig_argv`, or on 3.9 what Linux says. [] where unknown."""
    words = getattr(sys, "orig_argv", None)
    if words is None:
        try:
            with open("/proc/self/cmdline", "rb") as file:
                words = [os.fsdecode(word) for word in file.read().split(b"\0")[:-1]]
        except OSError:
            return []
    return list(words[1:])


def script_of(words):
    """The script among an interpreter's words, or None: `-c`, `-m`, `-` and a prompt have none."""
    words = iter(words)
    for word in words:
        if word in _WITH_VALUE:
            next(words, None)
        elif word == "--":
            return next(words, None)
        elif not word.startswith("-"):
            return word
        elif word == "-" or _ends_options(word):
            return None
    return None


def _ends_options(word):
    """Whether a word of flags has -c or -m in it (`-uc`); W and X take the rest of their word."""
    if word.startswith("--"):
        return False
    for flag in word[1:]:
        if flag in "WX":
            return False
        if flag in "cm":
            return True
    return False


def install(plan):
    """Waits for the main script, or in a spawned child of `multiprocessing` for the parent's."""
    words = command_line()
    script = script_of(words)
    if script is not None:
        # Last, after those for zip files and folders: it takes itself off while Python goes through the list.
        sys.path_hooks.append(_Hook(plan, os.path.abspath(script)))
    elif any("multiprocessing" in word for word in words[:8]):
        _reach_spawned_main(plan)


class _Hook:
    def __init__(self, plan, script):
        self.plan = plan
        self.script = script

    def __call__(self, path):
        if os.path.abspath(path) != self.script or not os.path.isfile(path):
            raise ImportError
        sys.path_hooks.remove(self)
        try:
            with open(path, "rb") as file:
                data = file.read()
        except OSError:
            raise ImportError from None
        code = None if b"\0" in data else self.plan.rewritten(data, path, main=True)
        if code is None:
            raise ImportError
        return _Finder(path, code)


class _Finder:
    def __init__(self, path, code):
        self.path = path
        self.code = code

    def find_spec(self, fullname, target=None):
        if fullname != "__main__":
            return None
        return ModuleSpec(fullname, _Loader(self.code), origin=self.path)


class _Loader:
    def __init__(self, code):
        self.code = code

    def get_code(self, fullname):
        return self.code

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        exec(self.code, module.__dict__)


def prepare():
    """Makes `__main__` and `sys.path` what they are without us, and keeps our frames out of what Python prints."""
    try:
        main = sys.modules["__main__"].__dict__
        path = main["__file__"]
        main["__spec__"] = None
        main["__package__"] = None
        main["__cached__"] = None
        main["__loader__"] = SourceFileLoader("__main__", path)
        sys.path_importer_cache.pop(path, None)
        if sys.path and sys.path[0] == path:
            if getattr(sys.flags, "safe_path", False):
                del sys.path[0]
            else:
                sys.path[0] = os.path.dirname(os.path.realpath(path))
        sys.excepthook = _excepthook(sys.excepthook)
    except Exception:
        pass


def _excepthook(before):
    def excepthook(kind, value, traceback):
        cleaned = without_our_frames(traceback)
        try:
            value.__traceback__ = cleaned
            sys.last_traceback = cleaned
        except Exception:
            pass
        before(kind, value, cleaned)

    return excepthook


def without_our_frames(traceback):
    """A traceback without `runpy`'s frames at its top and ours anywhere; the rest is the same objects."""
    try:
        while traceback is not None and _is_runpys(traceback):
            traceback = traceback.tb_next
        while traceback is not None and _is_ours(traceback):
            traceback = traceback.tb_next
        entry = traceback
        while entry is not None and entry.tb_next is not None:
            if _is_ours(entry.tb_next):
                entry.tb_next = entry.tb_next.tb_next
            else:
                entry = entry.tb_next
    except Exception:
        pass
    return traceback


def _is_runpys(entry):
    path = entry.tb_frame.f_code.co_filename
    return path == "<frozen runpy>" or path == getattr(sys.modules.get("runpy"), "__file__", None)


def _is_ours(entry):
    return entry.tb_frame.f_code.co_filename.startswith(_OURS)


def _reach_spawned_main(plan):
    """`multiprocessing` runs the parent's script by `runpy.run_path`, which compiles it by this function."""
    import runpy

    original = getattr(runpy, "_get_code_from_file", None)
    if original is None:
        return

    def get_code(*args):
        # (run_name, path) and a pair for an answer until 3.11; (path) and the code since 3.12.
        try:
            path = os.fsdecode(args[-1])
            with open(path, "rb") as file:
                code = plan.rewritten(file.read(), path)
            if code is not None:
                return (code, args[-1]) if len(args) == 2 else code
        except Exception:
            pass
        return original(*args)

    runpy._get_code_from_file = get_code
