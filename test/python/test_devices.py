"""Phases on a CUDA device's own time line, against a stand-in whose schedule is known."""

import pytest

from fake_cuda import FakeCuda
from harness import same, write
from wattline_tracer import devices
from wattline_tracer.layertable.marks import CudaMarks
from wattline_tracer.recorder import BACKWARD, FORWARD

MS = 1_000_000


class Host:
    """A clock that is set by hand, and what a tracer is for a time line."""

    def __init__(self):
        self.now = 10**12
        self.rows = []
        self.notes = []
        self.device_rows = []
        self.writer = self

    def clock(self):
        return self.now

    def add(self, row):
        self.rows.append(row)

    def note(self, code, sentence):
        self.notes.append((code, sentence))


@pytest.fixture
def host(monkeypatch):
    host = Host()
    monkeypatch.setattr(devices, "clock", host.clock)
    return host


def test_phases_are_where_the_device_does_them_and_nobody_waits_but_once(host):
    cuda = FakeCuda(host.clock)
    line = devices.TimeLine(host, cuda)
    assert host.rows == [["u", 0, "cuda", "NVIDIA Fake", "12345678-aaaa"]]
    truth = []
    for iteration in range(50):
        # The host launches 30 ms of work in 2 ms and goes on.
        for code, work in ((FORWARD, 10 * MS), (BACKWARD, 20 * MS)):
            line.begin(code)
            truth.append(cuda.launch(work))
            host.now += MS
            line.end(code, 0, iteration, 7)
        host.now += 29 * MS if iteration < 25 else 45 * MS
        line.read()
    host.now += 1000 * MS
    line.finish()
    assert cuda.waits == 1 and host.notes == []
    assert len(host.device_rows) == 100
    for (code, iteration, device, start, duration, site, loop), (began, over) in zip(host.device_rows, truth):
        assert (device, site, loop) == (0, 7, 0)
        assert abs(start - began) < 2000 and abs(start + duration - over) < 2000
    # Events are used again.
    assert cuda.events < 150


@pytest.mark.parametrize("rate", [1 + 2e-5, 1 - 2e-5])
def test_a_clock_that_drifts_is_put_right(host, rate):
    cuda = FakeCuda(host.clock, rate)
    line = devices.TimeLine(host, cuda)
    worst = 0
    for iteration in range(2000):
        line.begin(FORWARD)
        began, over = cuda.launch(100 * MS)
        host.now += MS
        line.end(FORWARD, 0, iteration, 0)
        # The program waits for the device, as one that prints its loss does.
        host.now = max(host.now, cuda.free_at) + MS
        line.read()
        (_, _, _, start, duration, _, _) = host.device_rows.pop()
        worst = max(worst, abs(start - began), abs(start + duration - over))
    # 200 s at 20 ppm are 4 ms of drift.
    assert worst < 1.1 * MS


def test_a_graph_that_is_captured_is_left_alone(host):
    cuda = FakeCuda(host.clock)
    line = devices.TimeLine(host, cuda)
    cuda.capturing = True
    line.begin(FORWARD)
    line.end(FORWARD, 0, 0, 0)
    line.read()
    cuda.capturing = False
    line.begin(FORWARD)
    host.now += MS
    line.end(FORWARD, 0, 1, 0)
    line.read()
    assert [row[1] for row in host.device_rows] == [1] and host.notes == []
    marks = CudaMarks(cuda)
    cuda.capturing = True
    assert marks.now() is None and CudaMarks.passed(None)


def test_a_fault_switches_it_off_with_a_note_and_too_many_phases_do(host):
    cuda = FakeCuda(host.clock)
    line = devices.TimeLine(host, cuda)
    line.begin(FORWARD)
    cuda.current_device = lambda: 1 / 0
    line.end(FORWARD, 0, 0, 0)
    line.begin(FORWARD)
    assert [code for code, _ in host.notes] == ["tracer-hook-off"]
    cuda = FakeCuda(host.clock)
    line = devices.TimeLine(host, cuda)
    for iteration in range(5000):
        line.begin(FORWARD)
        host.now += 1000
        line.end(FORWARD, 0, iteration, 0)
        line.read()
    assert host.notes[-1][0] == "tracer-thinned" and 2900 < len(host.device_rows) < 3100


def test_marks_of_layers_tell_the_devices_time_and_are_read_when_it_has_passed(host):
    cuda = FakeCuda(host.clock)
    marks = CudaMarks(cuda)
    first = marks.now()
    cuda.launch(5 * MS)
    last = marks.now()
    assert not marks.passed(last)
    host.now += 6 * MS
    assert marks.passed(last) and abs(marks.between(first, last) - 5 * MS) < 100
    assert cuda.waits == 0


def test_a_program_that_uses_cuda_has_both_time_lines_and_the_same_weights(tmp_path):
    pytest.importorskip("torch")
    (tmp_path / "fake_cuda.py").write_text((__import__("pathlib").Path(__file__).parent / "fake_cuda.py").read_text())
    write(tmp_path, train="""
import time
import torch
from torch import nn
from fake_cuda import FakeCuda
torch.manual_seed(0); torch.set_num_threads(1)
fake = FakeCuda(time.perf_counter_ns, sleep=lambda ns: time.sleep(ns / 1e9))
for name in ("Event", "is_initialized", "is_current_stream_capturing", "current_device", "get_device_properties",
             "max_memory_allocated", "device_count"):
    setattr(torch.cuda, name, getattr(fake, name))
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(8, 2)
    def forward(self, x):
        fake.launch(15_000_000)
        return self.layer(x)
model = Net()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
data = [torch.randn(4, 8) for _ in range(12)]
for x in data:
    loss = model(x).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    fake.launch(2_000_000)
fake.synchronize()
print([p.sum().item().hex() for p in model.parameters()])
""")  # fmt: skip
    trace = same(["train.py"], tmp_path).trace
    assert trace.notes() == []
    assert trace.named("u") == [["u", 0, "cuda", "NVIDIA Fake", "12345678-aaaa"]]
    rows = trace.named("d")
    forward = [row for row in rows if row[1] == "forward"]
    assert [row[2] for row in forward] == list(range(12))
    # The device takes 15 ms for each, whatever the host took to ask for it; its clock is exact here.
    assert all(0.0149 < row[5] for row in forward)
    assert {row[6] for row in forward} == {22} and {row[7] for row in rows} == {0}
    assert {row[1] for row in rows} - {"data"} == {"forward", "backward", "optimizer"}
    assert trace.counters("peak_memory_bytes")[-1] == 123_456_789
