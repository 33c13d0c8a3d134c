"""Several processes, and ways to end one."""

import json
import os
import signal
import stat
import subprocess
import sys
import time

import pytest

from harness import Trace, environment, same, traces_of, write

HEAD = "import os, sys, time\nclass Optimizer:\n    def step(self): pass\noptimizer = Optimizer()\n"
TRAIN = "def train(n=3):\n    for x in range(n):\n        optimizer.step()\n"


def in_child(traces, parent_iterations):
    """The traces beside the parent's, which has so many iterations."""
    parents = [trace for trace in traces if len(trace.iterations()) == parent_iterations]
    assert len(parents) == 1
    return [trace for trace in traces if trace is not parents[0]]


def test_a_forked_child_writes_a_trace_of_its_own_and_only_if_it_trains(tmp_path, python):
    write(tmp_path, train=HEAD + TRAIN + """
train(5)
for child in range(3):
    pid = os.fork()
    if pid == 0:
        if child == 1: train(2)
        if child == 2:
            train(1); time.sleep(1.3); os._exit(4)
        sys.exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
train(2)
""")  # fmt: skip
    ran = same(["-W", "default", "train.py"], tmp_path, python=python)  # 3.12 warns of a fork beside a thread
    children = in_child(ran.traces, 10)  # the loop of children counts as one of epochs
    assert sorted(len(trace.iterations()) for trace in children) == [1, 2]
    assert {trace.header["pid"] for trace in ran.traces} == {int(t.path.stem.split("-")[2]) for t in ran.traces}
    # os._exit runs nothing: what is there was written by the thread.
    assert [trace.ended for trace in children if len(trace.iterations()) == 1] == [False]


def test_a_fork_in_the_middle_of_a_loop_leaves_the_parents_trace_whole(tmp_path):
    write(tmp_path, train=HEAD + """
for x in range(6):
    optimizer.step()
    if x == 2:
        pid = os.fork()
        child = pid == 0
        if not child: os.waitpid(pid, 0)
print(os.getpid() > 0, x, flush=True)
""")  # fmt: skip
    ran = same(["train.py"], tmp_path)
    assert [len(trace.iterations()) for trace in ran.traces] == [6]
    assert ran.out == b"True 5\nTrue 5\n"


@pytest.mark.parametrize("method", ["spawn", "fork", "forkserver"])
def test_multiprocessing_works_and_its_training_children_are_traced(tmp_path, python, method):
    write(tmp_path, train=HEAD + TRAIN + """
import multiprocessing as mp
def square(x): return x * x
def work(q, n):
    train(n)
    q.put((os.getppid() > 0, n, __name__ != "__main__" or mp.get_start_method() == "fork"))
if __name__ == "__main__":
    mp.set_start_method(sys.argv[1])
    train(9)
    with mp.Pool(2) as pool:
        print(pool.map(square, range(4)))
    q = mp.Queue()
    p = mp.Process(target=work, args=(q, 4))
    p.start()
    print(q.get())
    p.join()
    print(p.exitcode)
""")  # fmt: skip
    ran = same(["train.py", method], tmp_path, python=python)
    (child,) = in_child(ran.traces, 9)
    assert len(child.iterations()) == 4
    assert child.loops[0][0] == 6


@pytest.mark.parametrize("method", ["spawn", "fork"])
def test_a_child_that_fails_says_so_alike(tmp_path, method):
    write(tmp_path, train=HEAD + """
import multiprocessing as mp
def work():
    for x in [0]:
        optimizer.step()
        1 / x
if __name__ == "__main__":
    p = mp.get_context(sys.argv[1]).Process(target=work)
    p.start(); p.join()
    print(p.exitcode)
""")  # fmt: skip
    same(["train.py", method], tmp_path)


def test_a_module_run_with_m_spawns_alike(tmp_path):
    write(tmp_path, pack__train=HEAD + TRAIN + """
import multiprocessing as mp
if __name__ == "__main__":
    p = mp.get_context("spawn").Process(target=train, args=(4,))
    p.start(); p.join()
    print(p.exitcode, __spec__.name)
""")  # fmt: skip
    (tmp_path / "pack" / "__init__.py").write_text("")
    assert len(same(["-m", "pack.train"], tmp_path).trace.iterations()) == 4


def test_subprocesses_of_a_shell_are_reached(tmp_path):
    write(tmp_path, train=HEAD + TRAIN + "train(3)\n",
          start="import subprocess, sys\nprint(subprocess.run(['sh', '-c', sys.executable + ' train.py']).returncode)\n")  # fmt: skip
    assert len(same(["start.py"], tmp_path).trace.iterations()) == 3


def test_the_rank_is_the_environments(tmp_path):
    write(tmp_path, train=HEAD + TRAIN + "train(3)\n")
    trace = same(["train.py"], tmp_path, RANK="3", WORLD_SIZE="8", LOCAL_RANK="1").trace
    assert trace.path.name.startswith("rank-3-")
    assert [trace.header[name] for name in ("rank", "worldSize", "localRank")] == [3, 8, 1]


def test_a_process_without_rank_says_minus_one_and_its_file_is_private(tmp_path):
    write(tmp_path, train=HEAD + TRAIN + "train(3)\n")
    trace = same(["train.py"], tmp_path).trace
    assert trace.header["rank"] == -1 and trace.path.name.startswith("rank-0-")
    assert stat.S_IMODE(trace.path.stat().st_mode) == 0o600
    assert trace.header["script"] == "train.py" and trace.header["clock"] == "monotonic"


def test_a_process_that_replaces_itself_gets_a_file_of_its_own(tmp_path):
    write(tmp_path, train=HEAD + TRAIN + """
train(3)
time.sleep(1.3)
if len(sys.argv) == 1:
    os.execv(sys.executable, [sys.executable, "train.py", "again"])
""")  # fmt: skip
    ran = same(["train.py"], tmp_path)
    assert len(ran.traces) == 2 and [len(trace.iterations()) for trace in ran.traces] == [3, 3]


@pytest.mark.parametrize("how", ["SIGKILL", "SIGTERM", "os._exit"])
def test_a_process_that_is_gone_at_once_loses_a_second_at_most(tmp_path, how):
    end = "os._exit(5)" if how == "os._exit" else f"os.kill(os.getpid(), signal.{how})"
    write(tmp_path, train=HEAD + f"""
import signal
begun = time.perf_counter()
for x in range(10**6):
    optimizer.step()
    time.sleep(0.005)
    if time.perf_counter() - begun > 2.6:
        print(time.perf_counter(), flush=True)
        {end}
""")  # fmt: skip
    folder = tmp_path / "trace"
    folder.mkdir()
    process = subprocess.run([sys.executable, "train.py"], cwd=tmp_path, env=environment(folder), capture_output=True)
    assert process.returncode == {"os._exit": 5, "SIGKILL": -9, "SIGTERM": -15}[how]
    (trace,) = traces_of(folder)
    assert trace.text.endswith("\n") and not trace.ended
    _, start, duration = trace.iterations()[-1]
    # A busy machine may be late by a little.
    assert float(process.stdout) - (start + duration) < 1.5


def test_ctrl_c_ends_a_script_as_it_did(tmp_path, python):
    write(tmp_path, train=HEAD + """
print("ready", flush=True)
for x in range(10**6):
    optimizer.step()
    time.sleep(0.01)
""")  # fmt: skip
    ends = []
    for folder in (None, tmp_path / "trace"):
        if folder:
            folder.mkdir()
        process = subprocess.Popen([python, "train.py"], cwd=tmp_path, env=environment(folder),
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip
        process.stdout.readline()
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
        ends.append((process.returncode, errors.splitlines()[0], errors.splitlines()[-1]))
        assert b"wattline" not in errors and b"runpy" not in errors
    assert ends[0] == ends[1]
    (trace,) = traces_of(tmp_path / "trace")
    assert trace.ended and trace.iterations()


def test_a_thread_that_never_ends_and_an_atexit_handler_are_as_they_were(tmp_path):
    write(tmp_path, train=HEAD + TRAIN + """
import atexit, threading
atexit.register(lambda: print("bye", threading.active_count()))
threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
train(3)
""")  # fmt: skip
    began = time.monotonic()
    assert same(["train.py"], tmp_path).trace.ended
    assert time.monotonic() - began < 30


def test_a_disk_that_is_full_stops_the_trace_and_nothing_else(tmp_path):
    write(tmp_path, train=HEAD + """
import resource, signal
for x in range(300):
    optimizer.step()
    time.sleep(0.005)
    if x == 20:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
print(x)
""")  # fmt: skip
    ran = same(["train.py"], tmp_path)
    assert ran.out == b"299\n"


def test_lines_are_whole_json_whenever_they_are_read(tmp_path):
    write(tmp_path, train=HEAD + "for x in range(600):\n    optimizer.step()\n    time.sleep(0.004)\n")
    folder = tmp_path / "trace"
    folder.mkdir()
    process = subprocess.Popen([sys.executable, "train.py"], cwd=tmp_path, env=environment(folder))
    seen = 0
    while process.poll() is None:
        for path in folder.iterdir():
            lines = path.read_bytes().split(b"\n")[:-1]
            assert len(lines) >= seen
            seen = len(lines)
            for line in lines:
                json.loads(line)
        time.sleep(0.05)
    assert seen > 100
    assert os.path.getsize(next(folder.iterdir())) / len(Trace(next(folder.iterdir())).iterations()) < 100
