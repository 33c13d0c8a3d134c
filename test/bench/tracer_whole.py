"""What the whole of Wattline (tracer, recorder, sampler) costs a training loop at 20 iterations a second.

Three copies of one PyTorch program are alive: as it is, under `wattline run`, and under `torch.profiler`. They run by
turns of a second; who has not its turn is stopped with all of its processes. So neighbours, heat and clocks are shared
by all three, and each round is a pair of measurements a second apart. The program computes with as many threads as the
machine has cores: PyTorch's threads wait for each other by spinning, and a sampler that takes a core for a moment costs
them all.
"""

import array
import os
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RECORDER = ROOT / "dist" / "recorder.js"

PROGRAM = """
import array, os, sys, time
import torch
from torch import nn
mode, batch, threads, times_path, stop_path = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], sys.argv[5]
torch.set_num_threads(threads)
torch.manual_seed(0)
model = nn.Sequential(*(nn.Sequential(nn.Linear(512, 512), nn.ReLU()) for _ in range(6)))
optimizer = torch.optim.AdamW(model.parameters())
times = array.array("d")
def batches():
    began = time.perf_counter()
    while not (os.path.exists(stop_path) or mode == "calibrate" and time.perf_counter() - began > 4):
        yield torch.randn(batch, 512)
def train():
    for x in batches():
        loss = model(x).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        times.append(time.perf_counter())
if mode == "profiler":
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]):
        train()
else:
    train()
with open(times_path, "wb") as file:
    times.tofile(file)
"""

ITERATION_S = 0.05
TURN_S = 1.0
# The sampler reads ten times as often in bursts, for most of the first minute: what comes after is the steady state.
WARM_S = 70.0


class Contestant:
    """A program and its helpers, running or stopped."""

    def __init__(self, mode, folder, batch, threads):
        self.times_path = folder / f"{mode}.times"
        self.stop_path = folder / f"{mode}.stop"
        args = command(folder, mode, batch, threads, self.times_path, self.stop_path)
        if mode == "wattline":
            args = ["node", str(RECORDER), "run", "--no-idle", "--", *args]
        env = {name: value for name, value in os.environ.items() if not name.startswith(("WATTLINE_", "OMP_"))}
        env["WATTLINE_RUNTIME_DIR"] = str(folder)  # A sampler of its own, not one that other runs share.
        with (folder / f"{mode}.out").open("wb") as out:
            self.process = subprocess.Popen(args, cwd=folder, env=env, stdout=out, stderr=out)
        self.turns = []

    def signal(self, what):
        for pid in family(self.process.pid):
            try:
                os.kill(pid, what)
            except ProcessLookupError:
                pass

    def turn(self, seconds):
        self.signal(signal.SIGCONT)
        began = time.perf_counter()
        time.sleep(seconds)
        self.turns.append((began, time.perf_counter()))
        self.signal(signal.SIGSTOP)

    def end(self):
        self.stop_path.touch()
        self.signal(signal.SIGCONT)
        self.process.wait(60)

    def means(self):
        """Seconds an iteration in each turn, or None where there were too few; the first two are still waking up."""
        times = array.array("d", self.times_path.read_bytes())
        means = []
        for began, ended in self.turns:
            inside = [moment for moment in times if began < moment < ended][2:]
            means.append((inside[-1] - inside[0]) / (len(inside) - 1) if len(inside) > 4 else None)
        return means


def family(pid):
    """A process and all below it."""
    found = [pid]
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            for child in Path(f"/proc/{pid}/task/{task}/children").read_text().split():
                found += family(int(child))
    except OSError:
        pass
    return found


def command(folder, *args):
    return [sys.executable, str(folder / "whole.py"), *map(str, args)]


def calibrated(folder, threads):
    """The batch size at which an iteration takes 50 ms here and now, about; None where the machine is too busy."""
    batch = 256
    for _ in range(2):
        times_path = folder / "calibrate.times"
        args = command(folder, "calibrate", batch, threads, times_path, folder / "never")
        subprocess.run(args, check=True, env={k: v for k, v in os.environ.items() if not k.startswith("OMP_")})
        times = array.array("d", times_path.read_bytes())
        if len(times) < 12:
            return None
        usual = statistics.median(b - a for a, b in zip(times[5:], times[6:]))
        batch = max(16, round(batch * ITERATION_S / usual))
    return batch


def measure(folder, rounds, threads):
    """Runs the three by turns. Seconds an iteration, and shares added with their 95 % interval; or {"reason": …}."""
    (folder / "whole.py").write_text(PROGRAM)
    batch = calibrated(folder, threads)
    if batch is None:
        return {"reason": f"the machine is too busy for {threads} threads that wait for each other (load {os.getloadavg()[0]:.1f})"}
    names = ("plain", "wattline", "profiler")
    contestants = {name: Contestant(name, folder, batch, threads) for name in names}
    try:
        time.sleep(15)  # All have imported torch.
        for one in contestants.values():
            one.signal(signal.SIGSTOP)
        until = time.monotonic() + WARM_S - 15
        while time.monotonic() < until:
            for one in contestants.values():
                one.turn(TURN_S)
        for one in contestants.values():
            one.turns.clear()
        for number in range(rounds):
            for name in names if number % 2 else reversed(names):
                contestants[name].turn(TURN_S)
    finally:
        for one in contestants.values():
            one.end()
    means = {name: one.means() for name, one in contestants.items()}
    return {
        "batch": batch,
        "threads": threads,
        "iterationS": statistics.median([value for value in means["plain"] if value] or [float("nan")]),
        "wattline": added(means["plain"], means["wattline"]),
        "profiler": added(means["plain"], means["profiler"]),
    }


def added(without, with_):
    """Median share added over the rounds, and its distribution-free 95 % interval (order statistics)."""
    shares = sorted(b / a - 1 for a, b in zip(without, with_) if a and b)
    count = len(shares)
    if count < 8:
        return None  # The program hardly ran in its turns.
    # The k-th smallest and largest are the limits: a binomial of one half, by its normal approximation.
    k = max(0, int(count / 2 - 0.98 * count**0.5))
    return {"median": statistics.median(shares), "interval": [shares[k], shares[-1 - k]], "rounds": count}
