"""Several ranks: collectives and their waits, DistributedDataParallel, pipelines; the same weights to the bit."""

import pytest

from harness import ROOT, run, same, write

pytest.importorskip("torch.distributed")

EXAMPLES = ROOT / "examples"
TORCHRUN = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]


def by_rank(traces):
    """The traces of ranks 0 and 1; nothing else left one."""
    assert sorted(trace.header["rank"] for trace in traces) == [0, 1]
    return sorted(traces, key=lambda trace: trace.header["rank"])


def line_of(example, text):
    lines = (EXAMPLES / example).read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def waits(trace, group):
    """{number: seconds} of a group's collectives."""
    return {row[6]: row[4] for row in trace.named("x") if row[5] == group}


def test_ddp_has_a_trace_a_rank_that_shows_who_waits_for_whom(tmp_path):
    words = ["--epochs", "1", "--samples", "1024", "--width", "64", "--slow-by", "0.04"]
    fast, slow = by_rank(same([*TORCHRUN, str(EXAMPLES / "train_ddp.py"), *words], tmp_path).traces)
    for trace in (fast, slow):
        assert trace.header["worldSize"] == 2
        assert trace.header["bootId"] == fast.header["bootId"]
        batches = trace.iterations(line_of("train_ddp.py", "for x, y in loader"))
        assert [number for number, *_ in batches] == list(range(8))
        # The loss is a module, too: a forward of its own.
        assert trace.phases() == {"data": 8, "forward": 16, "backward": 8, "optimizer": 8, "communication": 9}
        assert set(waits(trace, "0/ddp")) == set(range(8))
        assert len(waits(trace, "0")) == 1  # the mean loss
        (batch_loop,) = [id for id, loop in trace.loops.items() if loop[4] == "batch"]
        # The wait for gradients is the end of its backward, and belongs to it.
        backwards = {s.iteration: s for s in trace.spans if s.phase == "backward"}
        for span in trace.spans:
            if span.phase == "communication" and span.loop == batch_loop:
                around = backwards[span.iteration]
                assert around.start - 2e-6 <= span.start and abs(span.end - around.end) < 1e-3
                assert span.line == around.line
        assert trace.notes() == []
    both = waits(fast, "0/ddp"), waits(slow, "0/ddp")
    # Eight times 40 ms of sleep that the one waits for and the other does not.
    assert sum(both[0].values()) > sum(both[1].values()) + 0.2


# What each stage of two does with four microbatches: forward and backward of microbatch, chunk.
ORDERS = {
    "1f1b": ["F0.0 F1.0 B0.0 F2.0 B1.0 F3.0 B2.0 B3.0", "F0.0 B0.0 F1.0 B1.0 F2.0 B2.0 F3.0 B3.0"],
    "gpipe": ["F0.0 F1.0 F2.0 F3.0 B0.0 B1.0 B2.0 B3.0"] * 2,
    "interleaved": [
        "F0.0 F1.0 F0.1 F1.1 F2.0 B0.1 F3.0 B1.1 F2.1 B0.0 F3.1 B1.0 B2.1 B3.1 B2.0 B3.0",
        "F0.0 F1.0 F0.1 B0.1 F1.1 B1.1 F2.0 B0.0 F3.0 B1.0 F2.1 B2.1 F3.1 B3.1 B2.0 B3.0",
    ],
}


@pytest.mark.parametrize("schedule", ORDERS)
def test_a_pipeline_tells_stage_microbatch_and_chunk_of_every_operation(tmp_path, schedule):
    program = [*TORCHRUN, str(EXAMPLES / "train_pipeline.py"), "--schedule", schedule, "--iterations", "3", "--batch", "64"]
    ran = same(program, tmp_path) if schedule == "1f1b" else run(program, tmp_path, tmp_path / "trace")
    assert ran.code == 0, ran.err.decode()
    for stage, trace in enumerate(by_rank(ran.traces)):
        assert len(trace.iterations()) == 3
        rows = trace.named("g")
        assert {row[2] for row in rows} == {stage}
        for iteration in range(3):
            mine = [row for row in rows if row[5] == iteration]
            order = sorted(mine, key=lambda row: row[6])
            assert " ".join(f"{row[1]}{row[3]}.{row[4]}" for row in order) == ORDERS[schedule][stage]
            assert all(a[6] + a[7] <= b[6] + 2e-6 for a, b in zip(order, order[1:]))
        counts = trace.phases()
        assert counts["forward"] >= len(rows) / 2 and counts["backward"] == len(rows) / 2
        assert counts["communication"] > 0
        assert trace.notes() == []


HEAD = """
import os, pickle, sys, time
import torch
import torch.distributed as dist
from torch.utils.data import DataLoader, TensorDataset
torch.set_num_threads(1)
class Optimizer:
    def step(self): pass
optimizer = Optimizer()
def start(rank, ranks):
    dist.init_process_group("gloo", init_method="file://" + os.path.abspath("store"), rank=rank, world_size=ranks)
"""


def test_asynchronous_collectives_messages_and_groups(tmp_path):
    write(tmp_path, train=HEAD + """
import torch.multiprocessing as mp
def work(rank):
    start(rank, 2)
    one = torch.ones(4)
    loader = DataLoader(TensorDataset(torch.zeros(6, 1)), batch_size=2, num_workers=1)
    pair = dist.new_group([0, 1])
    for batch in loader:
        held = dist.all_reduce(one, async_op=True)
        time.sleep(0.02)
        held.wait(); held.wait()
        dist.all_reduce(one, group=pair)
        forgotten = dist.all_reduce(one, async_op=True)
        if rank == 0: dist.send(one, 1)
        else: dist.recv(one, 0)
        ops = [dist.P2POp(dist.isend, one, 1 - rank), dist.P2POp(dist.irecv, torch.empty(4), 1 - rank)]
        for request in dist.batch_isend_irecv(ops): request.wait()
        objects = [None, None]
        dist.all_gather_object(objects, rank)
        optimizer.step()
        held = forgotten
    dist.barrier()
    assert objects == [0, 1] and pickle.loads(pickle.dumps(dist.all_reduce)) is dist.all_reduce
    assert dist.all_reduce is dist.distributed_c10d.all_reduce and dist.all_reduce.__name__ == "all_reduce"
    dist.destroy_process_group()
if __name__ == "__main__":
    mp.start_processes(work, nprocs=2, start_method="fork")
    os.remove("store") if os.path.exists("store") else None
    print("done")
""")  # fmt: skip
    ran = same(["train.py"], tmp_path)
    assert ran.out == b"done\n"
    zero, one = by_rank(ran.traces)  # the loaders' workers are none
    for trace in (zero, one):
        assert [number for number, *_ in trace.iterations()] == [0, 1, 2]
        world = [(row[1], row[6]) for row in trace.named("x") if row[5] == "0"]
        # A work that is never waited for has its number and no row; objects travel as two gathers.
        each = [("all_reduce", 0), ("all_gather", 2), ("all_gather", 3)]
        assert world == [(name, number + 4 * k) for k in range(3) for name, number in each] + [("barrier", 12)]
        (other,) = {row[5] for row in trace.named("x")} - {"0", "0>1"}
        assert [(row[1], row[6], row[7]) for row in trace.named("x") if row[5] == other] == [("all_reduce", k, 16) for k in range(3)]
        assert trace.notes() == []
    assert [(row[1], row[6]) for row in zero.named("x") if row[5] == "0>1"] == [("send", k) for k in range(3)]
    assert [(row[1], row[6]) for row in one.named("x") if row[5] == "0>1"] == [("recv", k) for k in range(3)]


FAILURES = {
    "a wrong argument": "dist.all_reduce('x')\n",
    "caught and printed": "try:\n    dist.all_reduce(7)\nexcept Exception as error:\n    print(type(error), error)\n",
    "ddp without parameters": "torch.nn.parallel.DistributedDataParallel(torch.nn.ReLU())\n",
    "backward": "m = torch.nn.parallel.DistributedDataParallel(torch.nn.Linear(2, 2))\nm(torch.ones(1, 2)).backward()\n",
}


@pytest.mark.parametrize("case", FAILURES)
def test_errors_read_alike(tmp_path, case):
    body = "start(0, 1)\nfor x in range(2):\n    optimizer.step()\n" + FAILURES[case] + "dist.destroy_process_group()\n"
    write(tmp_path, train=HEAD + "import atexit\natexit.register(lambda: os.path.exists('store') and os.remove('store'))\n" + body)
    same(["train.py"], tmp_path)


def test_gradient_accumulation_waits_once_a_step(tmp_path):
    write(tmp_path, train=HEAD + """
start(0, 1)
model = torch.nn.parallel.DistributedDataParallel(torch.nn.Linear(4, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(3):
    with model.no_sync():
        model(torch.ones(2, 4)).sum().backward()
    model(torch.ones(2, 4)).sum().backward()
    optimizer.step()
print(model.module.weight.sum().item().hex() is not None)
os.remove("store") if os.path.exists("store") else None
dist.destroy_process_group()
""")  # fmt: skip
    trace = same(["train.py"], tmp_path).trace
    assert trace.phases()["backward"] == 6
    assert [(row[2], row[6]) for row in trace.named("x") if row[5] == "0/ddp"] == [(0, 0), (1, 1), (2, 2)]
