"""`pip install ./src/tracer`: the package alone, a free no-op without Wattline."""

import ast
import shutil
import subprocess
import sys

from harness import SITE, TRACER, environment, run, write


def test_pip_installs_it_and_wattline_still_uses_its_own(tmp_path):
    source = tmp_path / "source"
    shutil.copytree(TRACER, source, ignore=shutil.ignore_patterns("__pycache__", "build", "*.egg-info"))
    target = tmp_path / "target"
    pip = [sys.executable, "-m", "pip", "install", "--retries", "0", "-q", "--no-deps", "--target", str(target), str(source)]
    done = subprocess.run(pip, capture_output=True, text=True, env=environment())
    assert done.returncode == 0, done.stderr
    write(tmp_path, train="""
import wattline_tracer
from wattline_tracer import phase
with phase("augment"): pass
print(wattline_tracer.__version__, wattline_tracer.__file__)
""")  # fmt: skip
    plain = run(["train.py"], tmp_path, PYTHONPATH=str(target))
    assert plain.out.split()[1].decode().startswith(str(target))
    traced = run(["train.py"], tmp_path, tmp_path / "trace", PYTHONPATH=f"{SITE}:{target}")
    assert traced.out.split()[1].decode().startswith(str(TRACER))
    # A phase needs no loop.
    assert [span.phase for span in traced.trace.spans] == ["augment"]


def test_the_tracer_is_written_in_the_oldest_python_it_supports():
    files = sorted(TRACER.rglob("*.py"))
    assert len(files) > 12
    for path in files:
        ast.parse(path.read_text(), str(path), feature_version=(3, 9))


def test_the_tracer_imports_nothing_that_is_not_pythons_own():
    known = set(sys.stdlib_module_names) | {"wattline_tracer", "sitecustomize", "torch", "jax"}
    for path in TRACER.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module]
            else:
                continue
            assert {name.split(".")[0] for name in names} <= known, path


def test_torch_is_never_imported_by_us(tmp_path):
    write(tmp_path, train="import sys\nclass O:\n    def step(self): pass\noptimizer = O()\nfor x in range(2):\n    optimizer.step()\n"
          "print('torch' in sys.modules)\n")  # fmt: skip
    assert run(["train.py"], tmp_path, tmp_path / "trace").out == b"False\n"
