"""The trace's size and the tracer's own cost are bounded, and what was left out is said."""

import json
import re

import pytest

from harness import run, same, write
from wattline_tracer.aggregate import Aggregator
from wattline_tracer.recorder import ITERATION, RING_ROWS, Recorder
from wattline_tracer.writer import _between

HEAD = "import sys, time\nclass Optimizer:\n    def step(self): pass\noptimizer = Optimizer()\n"
PHASES = ["data", "forward", "backward", "optimizer"]
NAMES = [json.dumps(name) for name in PHASES]


def ms(value):
    return int(value * 1e6)


def test_thousands_of_iterations_a_second_are_reported_together(tmp_path):
    write(tmp_path, train=HEAD + """
from wattline_tracer import phase
count = 0
begun = time.perf_counter()
while time.perf_counter() - begun < 4.5:
    with phase("forward"):
        optimizer.step()
        t = time.perf_counter()
        while time.perf_counter() - t < 1e-4: pass
    count += 1
open("count", "w").write(str(count))
""")  # fmt: skip
    ran = run(["train.py"], tmp_path, tmp_path / "trace")
    assert (ran.code, ran.err) == (0, b"")
    trace = ran.trace
    count = int((tmp_path / "count").read_text())
    together = trace.named("a")
    assert "tracer-thinned" in trace.notes()
    # The first second is written row by row: nobody knew.
    assert sum(row[3] for row in together) + len(trace.iterations()) in (count, count + 1)
    assert sum(row[3] for row in together) > count / 3
    for row, following in zip(together, together[1:]):
        assert row[2] + row[3] == following[2]
        assert row[4] + row[5] <= following[4] + 2e-6
    row = together[len(together) // 2]
    assert set(row[6]) == {"forward"} and 0.3 * row[5] < row[6]["forward"] <= row[5] * 1.05
    assert 0.05 < row[5] < 1
    assert trace.path.stat().st_size < 100 * count


def test_nested_spans_count_for_the_inner_phase_when_reported_together():
    aggregator = Aggregator()
    aggregator.decide({0: 1000}, 0, 1)
    lines = []
    for number in range(120):
        at = ms(number)
        aggregator.span(2, 0, at + ms(0.2), ms(0.3))  # a backward inside
        aggregator.span(1, 0, at + ms(0.1), ms(0.6))  # of a forward,
        aggregator.span(3, 0, at + ms(0.8), ms(0.1))  # then the optimizer
        aggregator.iteration(lines, NAMES, 0, number, at, ms(1), 1)
    aggregator.close(lines, NAMES)
    rows = [json.loads(line) for line in lines]
    assert [row[2:4] for row in rows] == [[0, 100], [100, 20]]
    assert rows[0][4:6] == [0.0, 0.1]
    assert rows[0][6] == {"forward": 0.03, "backward": 0.03, "optimizer": 0.01}


def test_phases_of_a_part_of_the_iterations_are_scaled():
    aggregator = Aggregator()
    aggregator.decide({0: 10}, 0, 4)
    lines = []
    for number in range(8):
        if number % 4 == 0:
            aggregator.span(1, 0, ms(number * 20), ms(10))
        aggregator.iteration(lines, NAMES, 0, number, ms(number * 20), ms(20), number % 4 == 0)
    aggregator.close(lines, NAMES)
    rows = [json.loads(line) for line in lines]
    assert sum(row[3] for row in rows) == 8
    assert sum(row[6].get("forward", 0) for row in rows) == pytest.approx(0.08)


def test_past_its_share_of_the_time_the_tracer_takes_phases_from_fewer_iterations(tmp_path):
    write(tmp_path, train=HEAD + """
from wattline_tracer import phase
import builtins
recorder = builtins._wattline.tracer.recorder
begun = time.perf_counter()
for x in range(10**9):
    with phase("forward"):
        optimizer.step()
    with phase("backward"):
        for _ in range(9):
            with phase("forward"): pass
    if time.perf_counter() - begun > 9: break
print(x + 1, recorder.stride)
""")  # fmt: skip
    ran = run(["train.py"], tmp_path, tmp_path / "trace")
    count, stride = map(int, ran.out.split())
    assert stride > 1
    trace = ran.trace
    assert "tracer-thinned" in trace.notes()
    # What came faster than it could be written is lost, and said; nothing is counted twice.
    together = trace.named("a")
    assert count / 2 < sum(row[3] for row in together) + len(trace.iterations()) <= count
    late = [row for row in together[-20:] if row[3] > 100]
    assert late and all(0 < row[6]["backward"] + row[6]["forward"] <= row[5] * 1.01 for row in late)
    assert trace.path.stat().st_size < 8_000_000


def test_a_large_trace_goes_on_with_a_row_a_second():
    aggregator = Aggregator()
    aggregator.decide({0: 10}, 65_000_000, 1)
    lines = []
    for number in range(30):
        aggregator.iteration(lines, NAMES, 0, number, ms(100 * number), ms(100), 1)
    assert [json.loads(line)[3] for line in lines] == [10, 10, 10]
    assert "large" in aggregator.news


def test_slow_loops_are_not_reported_together():
    aggregator = Aggregator()
    aggregator.decide({0: 20, 1: 499}, 1000, 1)
    assert aggregator.loops == {} and aggregator.news == ""


def test_the_ring_gives_the_rows_back_in_order_over_its_end():
    recorder = Recorder(lambda: None, 0)
    for number in range(RING_ROWS + 100):
        recorder.record(ITERATION, 3, number, number, number + 7, 1)
    rows = list(_between(recorder.ring, RING_ROWS - 50, RING_ROWS + 100))
    assert [row[1] for row in rows] == list(range(RING_ROWS - 50, RING_ROWS + 100))
    assert {(row[0] & 255, (row[0] >> 8) - 1, row[3]) for row in rows} == {(ITERATION, 3, 7)}


def test_the_writer_is_called_by_the_first_row_and_long_before_the_ring_is_full():
    calls = []
    recorder = Recorder(lambda: calls.append(recorder.count), 0)
    for number in range(RING_ROWS):
        recorder.record(0, -1, -1, number, number, 0)
    assert calls[0] == 1 and max(b - a for a, b in zip(calls, calls[1:])) < RING_ROWS // 2


def test_names_of_ones_own_end_as_other_when_there_are_too_many():
    recorder = Recorder(lambda: None, 0)
    codes = [recorder.code(f"name {number}") for number in range(400)]
    assert max(codes) < 250 and codes[399] == recorder.code("other") and recorder.code("name 1") == codes[1]


def test_a_name_with_quotes_and_lines_is_one_row(tmp_path):
    write(tmp_path, train=HEAD + """
try:
    from wattline_tracer import phase
except ImportError:
    import contextlib
    phase = contextlib.nullcontext
for x in range(2):
    with phase('a "quoted"\\nname \\ud800 ü'): optimizer.step()
""")  # fmt: skip
    trace = same(["train.py"], tmp_path).trace
    assert [span.phase for span in trace.spans if span.phase.startswith("a")] == ['a "quoted"\nname \ud800 ü'] * 2


def test_rows_have_the_documented_shape(tmp_path):
    write(tmp_path, train=HEAD + "for x in range(5):\n    optimizer.step()\n    time.sleep(0.001)\n")
    trace = same(["train.py"], tmp_path).trace
    number = r"\d+\.\d{6}"
    shapes = {
        "l": r'\["l",0,"[^"]+",5,7,"training",-1,"batch"\]',
        "i": rf'\["i",0,\d,{number},{number}\]',
        "s": rf'\["s","data",-?\d,{number},{number},5(,0)?\]',
        "p": r'\["p","[^"]+"\]',
        "c": rf'\["c","peak_memory_bytes",{number},\d+\]',
        "o": rf'\["o",\d+,{number}\]',
        "e": rf'\["e",{number}\]',
    }
    for line in trace.text.splitlines()[1:]:
        assert re.fullmatch(shapes[json.loads(line)[0]], line), line
    times = [row[3] for row in trace.named("s")] + [row[3] for row in trace.named("i")]
    assert all(trace.header["startS"] <= at <= trace.named("e")[0][1] for at in times)
    assert len(trace.named("i")) == 5
