"""A program does what it does without the tracer: output, errors, exit code, names, modules."""

import os
import sys

import pytest

from harness import SITE, run, same, write

# A loop that trains by the rules, without a framework.
LOOP = '''
class Optimizer:
    def step(self): pass

optimizer = Optimizer()
'''


def test_a_script_that_trains_sees_nothing_of_us(tmp_path, python):
    write(
        tmp_path,
        train='"""Doc."""\nfrom __future__ import annotations\nimport inspect, os, pickle, sys\n'
        + LOOP
        + """
def f(x: int) -> "str":
    for batch in x:
        optimizer.step()
    return len(x)

class Thing:
    value = 3

print(f([1, 2]))
print(sorted(globals()), list(globals())[:9])
print(__doc__, __file__, __name__, __spec__, __package__, type(__loader__), __loader__.name, __loader__.path)
print(sys.argv, sys.path[0], len(sys.path), len(sys.path_hooks), sys.flags, sys.modules["__main__"].f is f)
print(pickle.dumps(Thing()), inspect.getsource(f), inspect.getsourcefile(Thing))
print(f.__code__.co_firstlineno, f.__code__.co_filename, f.__annotations__)
print([path for path in sys.path if "tracer" in path], "sitecustomize" in sys.modules)
import threading
print(threading.active_count())
""",
    )
    traced = same(["train.py", "a", "--b"], tmp_path, python=python)
    assert [number for number, _, _ in traced.trace.iterations(11)] == [0, 1]
    assert traced.trace.ended


@pytest.mark.parametrize(
    "body, line",
    [
        ("for x in [1, 0]:\n    optimizer.step()\n    1 / x\n", 2),
        ("for x in 5:\n    optimizer.step()\n", 0),
        ("for x in missing:\n    optimizer.step()\n", 0),
        ("for x in range(3)(1)[2].y:\n    optimizer.step()\n", 0),
        ("def g():\n    yield 1\n    raise KeyError('gone')\nfor x in enumerate(g()):\n    optimizer.step()\n", 1),
        ("class L:\n    def __iter__(self):\n        raise OSError('no file')\nfor x in L():\n    optimizer.step()\n", 0),
        ("for a, b in [(1, 2), 3]:\n    optimizer.step()\n", 2),
        ("n = 3\nwhile n:\n    n -= 1\n    optimizer.step()\n    1 / n\n", 3),
        ("while 1 / 0:\n    optimizer.step()\n", 0),
        ("n = 3\nwhile True:\n    optimizer.step()\n    n -= 1\n    if n == 1: raise SystemExit(7)\n", 2),
        ("try:\n    for x in [0]:\n        optimizer.step()\n        1 / x\nexcept ZeroDivisionError as e:\n"
         "    raise ValueError('outer') from e\n", 1),
        ("for x in range(3):\n    optimizer.step()\nimport sys\nsys.exit('a sentence')\n", 3),
        ("def f():\n    for x in range(2):\n        optimizer.step()\n    f()\nimport sys\nsys.setrecursionlimit(60)\nf()\n",
         None),
        ("for x in range(3):\n    optimizer.step()\n    raise KeyboardInterrupt\n", 1),
        ("import os, signal\nfor x in range(3):\n    optimizer.step()\n    os.kill(os.getpid(), signal.SIGTERM)\n", None),
        ("for x in range(3):\n    optimizer.step()\nx = '\\\\d' is 3\nassert x is False\nprint('\\d')\n", 3),
        ("for x in range(3):\n    optimizer.step()\n  bad indent\n", None),
        ("for x in range(3):\n    optimizer.step()\nprint('ü' +\n", None),
    ],
)  # fmt: skip
def test_a_script_that_fails_fails_alike(tmp_path, python, body, line):
    """Tracebacks to the letter, and as many iterations as were begun."""
    write(tmp_path, train=LOOP + "\n\n" + body)
    plain = run(["train.py"], tmp_path, python=python)
    traced = run(["train.py"], tmp_path, tmp_path / "trace", python=python)
    if "setrecursionlimit" in body:
        # runpy's two frames count: the depth reached differs by two, the error does not.
        error = b"RecursionError: maximum recursion depth exceeded"
        assert error in traced.err.splitlines()[-1] and error in plain.err.splitlines()[-1]
    else:
        assert traced.err == plain.err
    assert (traced.out, traced.code) == (plain.out, plain.code)
    if line:
        assert len(traced.trace.iterations()) == line
        assert traced.trace.ended


def test_a_users_module_and_package_are_rewritten_as_they_are_imported(tmp_path, python):
    write(
        tmp_path,
        pack____init__="",
        pack__engine=LOOP
        + "from . import data\n\ndef train():\n    for x in data.items():\n        optimizer.step()\n"
        + "def broken():\n    for x in [0]:\n        optimizer.step()\n        1 / x\n",
        pack__data="def items():\n    yield from (1, 2, 3)\n",
        pack__main="from .engine import train, broken\nimport pack.engine as e\nprint(train(), e.__file__, e.__cached__,"
        " type(e.__spec__), e.__package__, e.__doc__)\nbroken()\n",
        script="import inspect\nfrom pack.engine import train, broken\nprint(inspect.getsource(train))\nbroken()\n",
    )
    (tmp_path / "pack" / "__init__.py").write_text("")
    traced = same(["-m", "pack.main"], tmp_path, python=python)
    assert len(traced.trace.iterations()) == 4
    (tmp_path / "trace" / traced.trace.path.name).unlink()
    traced = same(["script.py"], tmp_path, python=python)
    assert len(traced.trace.iterations()) == 1
    assert traced.trace.loops[0][:2] == (16, 18) or traced.trace.loops[0][0] > 10


def test_a_module_with_a_syntax_error_is_reported_alike(tmp_path, python):
    write(tmp_path, engine="for x in y:\n    optimizer.step(\n", main="print(1)\nimport engine\n")
    assert same(["main.py"], tmp_path, python=python).traces == []


@pytest.mark.parametrize("args", [["-c", "import engine"], ["-"], ["-m", "engine"], ["folder"], ["-W", "error", "engine.py"],
                                  ["-X", "utf8", "-u", "engine.py"], ["-OO", "./engine.py"], ["-Bq", "--", "engine.py"]])  # fmt: skip
def test_every_way_to_start_python_runs_alike(tmp_path, args):
    write(tmp_path, engine='"""Doc."""\n' + LOOP + "for x in range(2):\n    optimizer.step()\nprint(__doc__, __name__, __file__)\n",
          folder____main__="import sys; sys.path.insert(0, '.')\nimport engine\nprint(__file__, __spec__.name)\n")  # fmt: skip
    (tmp_path / "folder" / "__main__.py").write_text("import sys; sys.path.insert(0, '.')\nimport engine\nprint(__file__)\n")
    stdin = b"import engine\nprint(input())\nhello\n" if args == ["-"] else b""
    traced = same(args, tmp_path, stdin=stdin)
    assert len(traced.trace.iterations()) == 2


@pytest.mark.parametrize("flag", ["-I", "-E", "-S"])
def test_an_isolated_python_is_not_traced(tmp_path, flag):
    write(tmp_path, train=LOOP + "for x in range(2):\n    optimizer.step()\n")
    assert same([flag, "train.py"], tmp_path).traces == []


@pytest.mark.skipif(sys.version_info < (3, 11), reason="-P is new in 3.11")
def test_a_safe_path_stays_safe(tmp_path):
    write(tmp_path, train=LOOP + "for x in range(2):\n    optimizer.step()\nimport sys; print(sys.path[0] or 'none')\n")
    assert len(same(["-P", "train.py"], tmp_path).trace.iterations()) == 2


def test_a_script_reached_through_a_link_finds_its_neighbours(tmp_path, python):
    write(tmp_path, real__train=LOOP + "import near\nfor x in range(2):\n    optimizer.step()\n", real__near="print('near')")
    (tmp_path / "link.py").symlink_to("real/train.py")
    traced = same(["link.py"], tmp_path, python=python)
    assert len(traced.trace.iterations()) == 2


def test_a_python_that_trains_nothing_leaves_no_file(tmp_path, python):
    write(tmp_path, helper="for x in range(3):\n    print(x)\n")
    assert same(["helper.py"], tmp_path, python=python).traces == []
    assert same(["-m", "json.tool", "--help"], tmp_path, python=python).traces == []


def test_without_the_variable_nothing_is_loaded(tmp_path):
    env = {"PYTHONPATH": str(SITE)}
    code = "import sys; print([m for m in sys.modules if 'wattline' in m or m == 'sitecustomize'], sys.path[:2], len(sys.meta_path))"
    plain = run(["-c", code], tmp_path)
    ran = run(["-c", code], tmp_path, **env)
    assert (ran.out, ran.err) == (plain.out, plain.err)


def test_a_sitecustomize_that_we_shadow_is_loaded(tmp_path, python):
    write(tmp_path, other__sitecustomize="import sys; sys.shadowed = __file__\n",
          train=LOOP + "import sys, sitecustomize\nfor x in range(1):\n    optimizer.step()\nprint(sys.shadowed, sitecustomize.__file__)\n")  # fmt: skip
    other = str(tmp_path / "other")
    plain = run(["train.py"], tmp_path, python=python, PYTHONPATH=other)
    traced = run(["train.py"], tmp_path, tmp_path / "trace", python=python, PYTHONPATH=f"{SITE}{os.pathsep}{other}")
    assert (traced.out, traced.err, traced.code) == (plain.out, plain.err, 0)
    assert len(traced.trace.iterations()) == 1


def test_a_sitecustomize_that_fails_is_reported_alike(tmp_path):
    write(tmp_path, other__sitecustomize="1 / 0\n", train="print(1)")
    other = str(tmp_path / "other")
    plain = run(["train.py"], tmp_path, PYTHONPATH=other)
    traced = run(["train.py"], tmp_path, tmp_path / "trace", PYTHONPATH=f"{SITE}{os.pathsep}{other}")
    assert b"ZeroDivisionError" in plain.err
    assert (traced.out, traced.err, traced.code) == (plain.out, plain.err, plain.code)


def test_stdin_belongs_to_the_script(tmp_path):
    write(tmp_path, train=LOOP + "import sys\nfor line in sys.stdin:\n    optimizer.step()\n    print(line.upper(), end='')\n")
    traced = same(["train.py"], tmp_path, stdin=b"one\ntwo\n")
    assert traced.out == b"ONE\nTWO\n"
    assert len(traced.trace.iterations()) == 2


def test_a_folder_that_is_not_there_costs_the_program_nothing(tmp_path):
    write(tmp_path, train=LOOP + "for x in range(2):\n    optimizer.step()\nprint('done')\n")
    ran = run(["train.py"], tmp_path, PYTHONPATH=str(SITE), WATTLINE_TRACE_DIR=str(tmp_path / "no" / "where"))
    assert (ran.out, ran.err, ran.code) == (b"done\n", b"", 0)


def test_pdb_stops_at_the_users_lines(tmp_path):
    write(tmp_path, engine=LOOP + "def train():\n    breakpoint()\n    for x in range(2):\n        optimizer.step()\n    return 4\n",
          train="import engine\nprint(engine.train())\n")  # fmt: skip
    traced = same(["train.py"], tmp_path, stdin=b"w\nn\nn\ns\ns\nn\nn\nn\nn\nl\np x\nc\n")
    assert b"optimizer.step()" in traced.out


def test_code_pickled_by_value_runs_where_there_is_no_tracer(tmp_path):
    """cloudpickle and the like carry a function's code to machines that know nothing of us."""
    write(
        tmp_path,
        train=LOOP
        + """
import marshal
def train(iter):
    n = 0
    for x in iter:
        optimizer.step()
        n += x
    while n < 10:
        optimizer.step()
        n += 1
    return n
print(train([1, 2]))
open("code.bin", "wb").write(marshal.dumps(train.__code__))
""",
        elsewhere=LOOP + "import marshal, types\nprint(types.FunctionType(marshal.load(open('code.bin', 'rb')), globals())([1]))\n",
    )
    same(["train.py"], tmp_path)
    ran = run(["elsewhere.py"], tmp_path)
    assert (ran.out, ran.err) == (b"10\n", b"")
