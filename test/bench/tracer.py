"""What the tracer costs: an iteration with five phases, the start of Python, a small PyTorch loop; its trace's size; and
what all of Wattline costs a loop at 20 iterations a second (tracer_whole.py).

Every number is from pairs of runs, one with and one without the tracer, taken in turn. The machine is rarely quiet:
medians, and the quartiles of the pairs' differences, are printed, beside the limit that the project has set itself.
Results go to artifacts/bench/tracer.json.

Usage:
    tracer.py [--pairs N] [--rounds N] [--threads N] [--no-whole]
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import tracer_whole

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "src" / "tracer" / "site"

# Blocks short enough that nothing is reported together or thinned, with pauses in which the writer comes by: what the
# loop itself pays. The writer's own time is in the trace.
EMPTY_LOOP = """
import time
from wattline_tracer import phase
BLOCK, BLOCKS = 100, 16
def phases(n):
    for _ in range(n):  # wattline: loop
        with phase("data"): pass
        with phase("forward"): pass
        with phase("backward"): pass
        with phase("optimizer"): pass
        with phase("communication"): pass
times = []
for block in range(BLOCKS):
    begun = time.perf_counter()
    phases(BLOCK)
    times.append((time.perf_counter() - begun) / BLOCK)
    time.sleep(0.25)
print(sorted(times)[BLOCKS // 2] * 1e6)
"""

TORCH_LOOP = """
import time
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
torch.set_num_threads(1)
torch.manual_seed(0)
model = nn.Sequential(*(nn.Sequential(nn.Linear(64, 64), nn.ReLU()) for _ in range(8)))
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
loader = DataLoader(TensorDataset(torch.randn(4800, 64)), batch_size=8)
times = []
last = time.thread_time()  # the main thread's own time: the machine's other work is not in it
for (x,) in loader:
    loss = model(x).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    now = time.thread_time()
    times.append(now - last)
    last = now
times = sorted(times[100:])
print(times[len(times) // 2] * 1e6)
"""

STARTS = {
    "python -c pass": ["-c", "pass"],
    "a script that trains nothing": ["helper.py"],
    "a script with a training loop": ["train.py"],
    "a script that imports torch": ["imports.py"],
}
TRAIN = "class O:\n    def step(self): pass\noptimizer = O()\n" + "".join(
    f"def f{n}(items):\n    total = 0\n    for x in items:\n        total += x\n    return total\n" for n in range(40)
)
# As fast as Python can: what the trace grows by must not depend on it.
FAST_LOOP = """
import time
from wattline_tracer import phase
begun = time.perf_counter()
count = 0
while time.perf_counter() - begun < 6:  # wattline: loop
    with phase("forward"): pass
    with phase("backward"): pass
    with phase("optimizer"): pass
    count += 1
print(count / 6)
"""

# What the project has set itself.
LIMITS = {
    "emptyLoopUs": 20, "startShare": 0.03, "bytesPerSpan": 100, "wholeMedian": 0.01, "wholeUpper": 0.02,
    "fastBytesPerS": 20_000,
}  # fmt: skip
FILES = {
    "fast.py": FAST_LOOP,
    "empty.py": EMPTY_LOOP,
    "torch_loop.py": TORCH_LOOP,
    "helper.py": "for x in range(3):\n    pass\n",
    "train.py": TRAIN + "for x in range(3):\n    optimizer.step()\n",
    "imports.py": "import torch\n",
}


def environment(folder, traced):
    env = {name: value for name, value in os.environ.items() if not name.startswith(("WATTLINE_", "PYTHON"))}
    env["OMP_NUM_THREADS"] = "1"
    env["PYTHONPATH"] = str(SITE if traced else ROOT / "src" / "tracer")
    if traced:
        env["WATTLINE_TRACE_DIR"] = str(folder / "trace")
    return env


def run(args, folder, traced):
    """Standard output and user + system CPU seconds of one run."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    env = environment(folder, traced)
    process = subprocess.run([sys.executable, *args], cwd=folder, env=env, capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return process.stdout, cpu


def summary(without, with_, unit):
    """Medians of both, and of the pairs' differences with their quartiles."""
    differences = [b - a for a, b in zip(without, with_)]
    low, middle, high = statistics.quantiles(differences, n=4) if len(differences) > 1 else differences * 3
    return {
        "unit": unit,
        "without": statistics.median(without),
        "with": statistics.median(with_),
        "difference": middle,
        "quartiles": [low, high],
        "share": middle / statistics.median(without),
        "pairs": len(differences),
    }


def loop(script, folder, pairs, unit):
    without, with_ = [], []
    for pair in range(pairs):
        for traced in (False, True) if pair % 2 else (True, False):
            (with_ if traced else without).append(float(run([script], folder, traced)[0]))
    return summary(without, with_, unit)


def start(args, folder, pairs):
    """CPU time rather than wall time: the same on a busy machine, nearly."""
    for traced in (False, True):
        run(args, folder, traced)  # writes the byte code
    without, with_ = [], []
    for pair in range(pairs):
        for traced in (False, True) if pair % 2 else (True, False):
            (with_ if traced else without).append(run(args, folder, traced)[1] * 1e3)
    return summary(without, with_, "ms of CPU")


def writer_cost(folder):
    """Microseconds that the writer's thread takes for an iteration with five phases, by the tracer's own account."""
    traces = folder / "trace"
    for path in traces.iterdir():
        path.unlink()
    run(["empty.py"], folder, True)
    rows = [json.loads(line) for path in traces.iterdir() for line in path.read_text().splitlines()[1:]]
    iterations = sum(1 for row in rows if row[0] == "i") + sum(row[3] for row in rows if row[0] == "a")
    seconds = [row[2] for row in rows if row[0] == "o"][-1]
    spans = sum(1 for row in rows if row[0] in ("s", "i"))
    size = sum(path.stat().st_size for path in traces.iterdir())
    return {"ownAccountUs": seconds / iterations * 1e6, "bytesPerSpan": size / max(1, spans), "iterations": iterations}


def fast_loop(folder):
    """A loop that does nothing: iterations a second, bytes of trace a second, and whether it was reported together."""
    traces = folder / "trace"
    for path in traces.iterdir():
        path.unlink()
    rate = float(run(["fast.py"], folder, True)[0])
    text = "".join(path.read_text() for path in traces.iterdir())
    return {"iterationsPerS": rate, "bytesPerS": len(text) / 6, "together": '["a",' in text, "said": "tracer-thinned" in text}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--rounds", type=int, default=40, help="of the whole recorder, three seconds each")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="of PyTorch, for the whole recorder")
    parser.add_argument("--no-whole", action="store_true", help="the tracer alone")
    options = parser.parse_args()
    pairs = options.pairs
    results = {"python": platform.python_version(), "cores": os.cpu_count(), "load": os.getloadavg()[0]}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "trace").mkdir()
        for file, text in FILES.items():
            (folder / file).write_text(text)
        results["emptyLoop"] = loop("empty.py", folder, pairs, "µs an iteration")
        results["file"] = writer_cost(folder)
        results["starts"] = {title: start(args, folder, pairs * 2) for title, args in STARTS.items()}
        results["torchLoop"] = loop("torch_loop.py", folder, pairs, "µs of CPU an iteration")
        results["fastLoop"] = fast_loop(folder)
        if not options.no_whole:
            results["whole"] = tracer_whole.measure(folder, options.rounds, options.threads)
    table(results)
    target = ROOT / "artifacts" / "bench" / "tracer.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(results, indent=2) + "\n")
    print(f"\n{target.relative_to(ROOT)}")


def table(results):
    rows = [("an empty iteration with five phases", results["emptyLoop"])]
    rows += [(f"start: {title}", result) for title, result in results["starts"].items()]
    rows += [("a PyTorch iteration (8 layers of 64)", results["torchLoop"])]
    print(f"{'':42} {'without':>10} {'with':>10} {'added':>9}  quartiles          share")
    for title, row in rows:
        low, high = row["quartiles"]
        print(
            f"{title:42} {row['without']:10.2f} {row['with']:10.2f} {row['difference']:9.2f}  "
            f"{low:7.2f} to {high:<7.2f} {row['share']:6.1%}  {row['unit']}"
        )
    file = results["file"]
    print(f"\nBy the tracer's own account, thread included: {file['ownAccountUs']:.1f} µs an iteration with five phases.")
    whole(results)
    print()
    for line in verdicts(results):
        print(line)
    print(f"Load of the machine: {results['load']:.1f} before, {os.getloadavg()[0]:.1f} after, on {results['cores']} cores.")


def whole(results):
    measured = results.get("whole")
    if measured is None:
        return
    if "reason" in measured:
        print(f"The whole recorder was not measured: {measured['reason']}.")
        return
    print(f"\nA loop of {measured['iterationS'] * 1e3:.0f} ms an iteration on {measured['threads']} threads, turn by turn:")
    for title, name in (("with the whole of Wattline", "wattline"), ("with torch.profiler", "profiler")):
        row = measured[name]
        if row is None:
            print(f"  {title:28} hardly ran: too busy a machine")
        else:
            low, high = row["interval"]
            print(f"  {title:28} {row['median']:+.1%}  (95 %: {low:+.1%} to {high:+.1%}, {row['rounds']} rounds)")


def verdicts(results):
    """A line for each limit: what was measured, the limit, and whether it holds."""
    starts, fast = results["starts"], results["fastLoop"]
    rows = [
        ("tracer, empty iteration with five phases", results["emptyLoop"]["difference"], LIMITS["emptyLoopUs"], "{:.1f} µs"),
        ("tracer, start of a program with torch", starts["a script that imports torch"]["share"], LIMITS["startShare"], "{:.1%}"),
        ("trace, bytes a span", results["file"]["bytesPerSpan"], LIMITS["bytesPerSpan"], "{:.0f}"),
        (f"trace at {fast['iterationsPerS']:,.0f} iterations/s, bytes/s", fast["bytesPerS"], LIMITS["fastBytesPerS"], "{:,.0f}"),
    ]  # fmt: skip
    row = results.get("whole", {}).get("wattline")
    if row:
        rows.append(("all of Wattline, median", row["median"], LIMITS["wholeMedian"], "{:.1%}"))
        rows.append(("all of Wattline, upper 95 % limit", row["interval"][1], LIMITS["wholeUpper"], "{:.1%}"))
    yield f"{'':58} {'measured':>10} {'limit':>8}"
    for title, value, limit, text in rows:
        verdict = "holds" if value <= limit else "DOES NOT HOLD"
        yield f"{title:58} {text.format(value):>10} {text.format(limit):>8}  {verdict}"
    yield f"reported together, and said so: {fast['together'] and fast['said']}"


main()
