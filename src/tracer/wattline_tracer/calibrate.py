"""What the devices of this machine reach with this PyTorch: `wattline calibrate` starts it in the user's Python.

    python calibrate.py RESULT.json SECONDS

For each device and each kind of number, square matrices of the size that runs fastest are multiplied for SECONDS; for
each device two blocks of memory much larger than any cache are copied. The fastest repeat is the peak: what slows others
down (another program, a lower clock) is not the device's limit. Nothing else is loaded, no file but the result written.
"""

import json
import os
import platform
import sys
from time import perf_counter

# A repeat lasts at least this long, so that the timer and a launch are nothing in it.
_REPEAT_S = 0.02
_FEWEST = 5
_SIZES = {"cpu": (512, 1024, 2048), "cuda": (4096, 8192)}
# A product of this length says enough: a larger one would not be tried.
_LONG_S = 0.5
_COPY_BYTES = {"cpu": 128_000_000, "cuda": 1_000_000_000}


def main(result, seconds):
    try:
        import torch
    except ImportError as error:
        return write(result, {"fault": f"{sys.executable} has no PyTorch ({error}): name one that has with --python."})
    torch.set_grad_enabled(False)
    devices = [Device(torch, "cpu")]
    if torch.cuda.is_available():
        devices += [Device(torch, "cuda", index) for index in range(torch.cuda.device_count())]
    write(
        result,
        {
            "torch": str(torch.__version__),
            "python": platform.python_version(),
            "threads": torch.get_num_threads(),
            "devices": [device.measured(seconds) for device in devices],
        },
    )


def write(path, value):
    with open(path + ".tmp", "w") as file:
        json.dump(value, file)
    os.replace(path + ".tmp", path)


class Device:
    """One device of PyTorch's."""

    def __init__(self, torch, kind, index=0):
        self.torch = torch
        self.kind = kind
        self.index = index
        self.device = torch.device(kind, index) if kind == "cuda" else torch.device("cpu")

    def measured(self, seconds):
        """What is known of the device, with a row for each kind of number, and the copies."""
        known = {"kind": "gpu" if self.kind == "cuda" else "cpu", "index": self.index}
        if self.kind == "cuda":
            properties = self.torch.cuda.get_device_properties(self.index)
            known.update(name=properties.name)
            if getattr(properties, "uuid", None) is not None:
                known["uuid"] = str(properties.uuid)
        known["copy"] = self.copies(seconds)
        known["products"] = [row for row in (self.products(dtype, seconds) for dtype in self.dtypes()) if row]
        return known

    def dtypes(self):
        if self.kind == "cpu":
            return ("fp32", "bf16", "fp64")
        newer = self.torch.cuda.get_device_capability(self.index)[0] >= 8
        return ("fp32", "tf32", "bf16", "fp16", "fp64") if newer else ("fp32", "fp16", "fp64")

    def products(self, dtype, seconds):
        torch = self.torch
        kind = {"fp64": torch.float64, "bf16": torch.bfloat16, "fp16": torch.float16}.get(dtype, torch.float32)
        before = torch.backends.cuda.matmul.allow_tf32
        torch.backends.cuda.matmul.allow_tf32 = dtype == "tf32"
        try:
            fastest = None
            for size in _SIZES[self.kind]:
                a = torch.rand(size, size, device=self.device).to(kind)
                b = torch.rand(size, size, device=self.device).to(kind)
                out = torch.empty_like(a)
                # The first call chooses an algorithm.
                self.time(torch.mm, a, b, out)
                once = self.time(torch.mm, a, b, out)
                rate = 2 * size**3 / once
                if fastest is None or rate > fastest[0]:
                    fastest = rate, size, (a, b, out), once
                if once > _LONG_S:
                    break
            _, size, tensors, once = fastest
            row = self.repeated(lambda: torch.mm(tensors[0], tensors[1], out=tensors[2]), once, seconds)
            work = 2 * size**3
            return {"dtype": dtype, "size": size, **rates(row, work), "flops": row["done"] * work}
        except RuntimeError:  # Out of memory, or a kind of number that this device cannot multiply.
            return None
        finally:
            torch.backends.cuda.matmul.allow_tf32 = before

    def copies(self, seconds):
        torch = self.torch
        count = _COPY_BYTES[self.kind] // 4
        source = torch.ones(count, device=self.device)
        target = torch.zeros(count, device=self.device)
        once = self.time(lambda a, b, out: out.copy_(a), source, None, target)
        row = self.repeated(lambda: target.copy_(source), once, seconds)
        # Read once and written once.
        moved = 2 * count * 4
        return {**rates(row, moved), "bytes": row["done"] * moved}

    def time(self, work, a, b, out):
        self.wait()
        began = perf_counter()
        if b is None:
            work(a, b, out)
        else:
            work(a, b, out=out)
        self.wait()
        return perf_counter() - began

    def repeated(self, work, once, seconds):
        """Repeats of at least `_REPEAT_S` for so many seconds: how long each took, how much was done, and when."""
        each = max(1, int(_REPEAT_S / max(once, 1e-7)))
        times = []
        self.wait()
        start = perf_counter()
        while len(times) < _FEWEST or perf_counter() - start < seconds:
            began = perf_counter()
            for _ in range(each):
                work()
            self.wait()
            times.append((perf_counter() - began) / each)
        return {"times": sorted(times), "done": each * len(times), "startS": start, "endS": perf_counter()}

    def wait(self):
        if self.kind == "cuda":
            self.torch.cuda.synchronize(self.device)


def rates(row, work):
    """The fastest repeat's rate, and how far the faster half of them lie apart."""
    times = row["times"]
    fast, middle = times[0], times[len(times) // 2]
    return {
        "perS": work / fast,
        "repeats": len(times),
        "spread": 1 - fast / middle,
        "startS": row["startS"],
        "endS": row["endS"],
    }


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
