import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "src" / "tracer"))


def _pythons():
    """This Python, and others that pyenv has here: the tracer supports 3.9 and later."""
    found = {f"{sys.version_info.major}.{sys.version_info.minor}": sys.executable}
    for path in sorted(Path.home().glob(".pyenv/versions/3.*/bin/python3")):
        major, minor = path.parts[-3].split(".")[:2]
        if int(minor) >= 9:
            found.setdefault(f"{major}.{minor}", str(path))
    return found


PYTHONS = _pythons()


@pytest.fixture(params=sorted(PYTHONS), ids=lambda version: f"python{version}")
def python(request):
    """Each Python of the machine in turn."""
    return PYTHONS[request.param]
