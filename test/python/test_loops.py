"""What loops mean stays; what they do is reported."""

import pytest

from harness import run, same, write

HEAD = "import sys\nclass Optimizer:\n    def step(self): pass\noptimizer = Optimizer()\n"


def test_break_continue_else_and_return_mean_what_they_meant(tmp_path, python):
    write(tmp_path, train=HEAD + """
def search(items, wanted):
    for item in items:
        optimizer.step()
        if item == 1:
            continue
        if item == wanted:
            break
    else:
        return "none"
    return item

def first(items):
    while items:
        optimizer.step()
        x = items.pop()
        if x == 1:
            continue
        if x == 2:
            return "two"
        if x == 3:
            break
    else:
        return "else"
    return "after"

print(search([1, 2, 3], 2), search([1, 2], 9), search([], 1))
print(first([3, 1]), first([2]), first([1, 1]), first([]))
it = iter(range(9))
for x in it:
    optimizer.step()
    next(it)
    if x > 4:
        break
print(list(it))
for i, (a, b) in enumerate(zip("ab", "cd"), 5):
    optimizer.step()
    print(i, a, b)
print([x for x in [1]], x)
""")  # fmt: skip
    trace = same(["train.py"], tmp_path, python=python).trace
    assert [number for number, _, _ in trace.iterations(7)] == [0, 1, 2, 3]
    assert len(trace.iterations(18)) == 2 + 1 + 2
    assert len(trace.iterations(34)) == 4
    assert all(duration >= 0 for _, _, duration in trace.iterations())


def test_an_iterators_life_is_as_long_as_it_was(tmp_path, python):
    """A generator is closed when its loop is left, and a batch dies when the program lets go of it."""
    write(tmp_path, train=HEAD + """
import weakref
class Batch: pass
def items():
    try:
        for _ in range(3):
            yield Batch()
    finally:
        print("closed")
for x in items():
    optimizer.step()
    break
print("after")
alive = []
for x in items():
    optimizer.step()
    alive.append(weakref.ref(x))
    del x
    print([ref() is not None for ref in alive])
def f():
    for x in items():
        optimizer.step()
        return "returned"
print(f())
def g():
    for x in items():
        optimizer.step()
        yield x
for _ in g(): break
print("end")
""")  # fmt: skip
    same(["train.py"], tmp_path, python=python)


def test_nested_loops_are_linked_and_counted_over_the_run(tmp_path):
    write(tmp_path, train=HEAD + """
for epoch in range(3):
    for batch in range(4):
        optimizer.step()
        if epoch == 1 and batch == 1: break
""")  # fmt: skip
    trace = same(["train.py"], tmp_path).trace
    assert trace.loops == {0: (6, 9, "training", -1, "epoch"), 1: (7, 9, "training", 0, "batch")}
    assert [number for number, _, _ in trace.iterations(6)] == [0, 1, 2]
    inner = trace.iterations(7)
    assert [number for number, _, _ in inner] == list(range(10))
    for (_, start, duration), (_, following, _) in zip(inner, inner[1:]):
        assert start + duration <= following + 2e-6


def test_a_recursive_while_loop_and_a_suspended_generator_stay_apart(tmp_path):
    write(tmp_path, train=HEAD + """
def down(n):
    k = 2
    while k:
        optimizer.step()
        k -= 1
        if n: down(n - 1)
down(2)
def gen():
    for x in range(2):
        optimizer.step()
        yield x
a, b = gen(), gen()
print(next(a), next(b), next(a), next(b), list(a), list(b))
""")  # fmt: skip
    trace = same(["train.py"], tmp_path).trace
    assert len(trace.iterations(8)) == 2 + 4 + 8
    assert len(trace.iterations(14)) == 4


def test_the_wait_for_a_batch_is_a_span_of_data(tmp_path):
    write(tmp_path, train=HEAD + """
import time
def loader():
    time.sleep(0.03)
    for x in range(5):
        time.sleep(0.02)
        yield x
    time.sleep(0.01)
for x in loader():
    optimizer.step()
    time.sleep(0.005)
""")  # fmt: skip
    trace = same(["train.py"], tmp_path).trace
    spans = [span for span in trace.spans if span.phase == "data"]
    assert [span.iteration for span in spans] == [0, 1, 2, 3, 4, -1]
    assert 0.05 <= spans[0].duration < 0.2
    assert all(0.02 <= span.duration < 0.1 for span in spans[1:5])
    assert 0.01 <= spans[5].duration < 0.1
    assert spans[0].line == 13 and spans[0].path.endswith("train.py")
    for span, (_, start, duration) in zip(spans, trace.iterations()):
        assert abs(span.start - start) < 2e-6
        assert span.end < start + duration


def test_a_loop_that_an_exception_leaves_ends_there(tmp_path):
    write(tmp_path, train=HEAD + """
import time
try:
    for x in range(5):
        optimizer.step()
        time.sleep(0.01)
        if x == 2: raise ValueError
except ValueError:
    time.sleep(0.3)
try:
    while True:
        optimizer.step()
        raise KeyError
except KeyError:
    time.sleep(0.3)
""")  # fmt: skip
    trace = same(["train.py"], tmp_path).trace
    assert len(trace.iterations(8)) == 3
    assert len(trace.iterations(15)) == 1
    assert all(duration < 0.2 for _, _, duration in trace.iterations())


def test_the_editors_loop_is_reported_whatever_the_rules_say(tmp_path):
    write(tmp_path, plain="total = 0\nfor x in range(3):\n    total += x\nfor y in range(2):\n    total += y\nprint(total)\n")
    traced = same(["plain.py"], tmp_path, WATTLINE_LOOP=f"{tmp_path / 'plain.py'}:4")
    assert len(traced.trace.iterations(4)) == 2
    assert len(traced.trace.loops) == 1


def test_a_comment_names_a_loop(tmp_path):
    write(tmp_path, plain="n = 3\nwhile n:  # wattline: loop\n    n -= 1\n")
    assert len(same(["plain.py"], tmp_path).trace.iterations(2)) == 3


def test_async_code_and_other_threads_run_as_they_did(tmp_path):
    write(tmp_path, train=HEAD + """
import asyncio, threading
async def agen():
    for x in range(3):
        yield x
async def train():
    async for x in agen():
        optimizer.step()
    for x in range(2):
        optimizer.step()
        await asyncio.sleep(0)
asyncio.run(train())
def work():
    for x in range(50):
        optimizer.step()
    n = 5
    while n:
        optimizer.step()
        n -= 1
threads = [threading.Thread(target=work) for _ in range(4)]
for t in threads: t.start()
for t in threads: t.join()
print("ok")
""")  # fmt: skip
    trace = same(["train.py"], tmp_path).trace
    assert len(trace.iterations()) == 2


def test_phases_and_marks_of_ones_own(tmp_path):
    write(tmp_path, train=HEAD + """
import time
from wattline_tracer import mark, phase
@phase("augment")
def augment(x):
    "Doc."
    time.sleep(0.002)
    return x
@phase("lazy")
def lazy():
    yield 1
for x in range(3):
    with phase("forward"):
        augment(x)
    optimizer.step()
try:
    with phase("failing"):
        1 / 0
except ZeroDivisionError:
    pass
print(augment.__name__, augment.__doc__, list(lazy()))
for step in range(10, 14):
    mark(iteration=step)
    time.sleep(0.001)
for _ in range(2):
    mark()
""")  # fmt: skip
    ran = run(["train.py"], tmp_path, tmp_path / "trace")
    assert (ran.out, ran.err) == (b"augment Doc. [1]\n", b"")
    trace = ran.trace
    assert {name: count for name, count in trace.phases().items() if name != "data"} == {"augment": 3, "forward": 3}
    assert [span.iteration for span in trace.spans if span.phase == "failing"] == [-1]
    outer = [span for span in trace.spans if span.phase == "forward"]
    inner = [span for span in trace.spans if span.phase == "augment"]
    for whole, part in zip(outer, inner):
        assert whole.iteration == part.iteration and whole.loop == 0
        assert whole.start <= part.start and part.end <= whole.end + 2e-6
    assert [number for number, _, _ in trace.iterations(27)] == [10, 11, 12, 13]
    assert [number for number, _, _ in trace.iterations(30)] == [0, 1]


def test_without_wattline_phases_are_free(tmp_path):
    write(tmp_path, train="""
import sys
sys.path.insert(0, %r)
from wattline_tracer import mark, phase
def f(): return 1
assert phase("x")(f) is f
assert phase("x") is phase("y")
with phase("x"): mark(iteration=3)
mark()
print([m for m in sys.modules if m.startswith("wattline")])
""" % str(__import__("harness").TRACER))  # fmt: skip
    ran = run(["train.py"], tmp_path)
    assert (ran.out, ran.err) == (b"['wattline_tracer']\n", b"")


@pytest.mark.parametrize("depth", [19])
def test_a_loop_as_deep_as_python_allows_still_compiles(tmp_path, depth):
    source = HEAD
    for level in range(depth):
        source += "    " * level + "while True:\n"
    source += "    " * depth + "optimizer.step()\n" + "    " * depth + "raise SystemExit(3)\n"
    write(tmp_path, train=source)
    assert same(["train.py"], tmp_path).code == 3
