"""Starts Wattline's tracer in every Python below the recorder, before anything of the user's runs.

The recorder puts this folder first on ``PYTHONPATH``. Python's ``site`` imports the first ``sitecustomize`` it finds,
so this one stands before the machine's own (Debian has one): that one is loaded afterwards, in its place. Without
``WATTLINE_TRACE_DIR`` nothing else happens here. The folder stays in the environment, for children, and leaves
``sys.path``. ``python -I``, ``-E`` and ``-S`` do not come by here.
"""

import os
import sys


def _start():
    """Loads the tracer from beside this folder. Whatever goes wrong, the user's program starts as it would have."""
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != here]
    sys.path_importer_cache.pop(here, None)
    if not os.environ.get("WATTLINE_TRACE_DIR"):
        return
    parent = os.path.dirname(here)
    sys.path.insert(0, parent)
    try:
        import wattline_tracer._start as start
    finally:
        sys.path.remove(parent)
        sys.path_importer_cache.pop(parent, None)
    start.start(os.environ)


try:
    _start()
except Exception:  # A tracer that cannot start leaves no trace; the report says that there is none.
    pass

# The sitecustomize that this one shadows; its errors are site's to print. Where there is none, site expects exactly
# this ImportError and passes over it, and the module is unknown, as it would be without us.
sys.modules.pop("sitecustomize", None)
import sitecustomize  # noqa: E402, F401
