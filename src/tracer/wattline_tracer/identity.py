"""Who this process is: its rank, and the frameworks it has loaded. Read when the trace's file is made."""

import os
import sys

from .recorder import clock

_FRAMEWORKS = (
    "torch", "transformers", "accelerate", "lightning", "pytorch_lightning", "deepspeed",
    "keras", "tensorflow", "jax", "flax", "sklearn", "xgboost", "lightgbm", "numpy",
)  # fmt: skip


def rank_of_process():
    """(rank, world size, local rank); rank -1 and None for what is not known.

    `torch.distributed` knows where it is initialized; else what torchrun, MPI or Slurm put into the environment.
    """
    rank, size = _torch_rank()
    if rank is None and _remembered:
        rank, size = _remembered[0]
    if rank is None:
        rank, size = _number("RANK"), _number("WORLD_SIZE")
    if rank is None:
        rank, size = _number("OMPI_COMM_WORLD_RANK"), _number("OMPI_COMM_WORLD_SIZE")
    if rank is None and (_number("SLURM_NTASKS") or 0) > 1:
        rank, size = _number("SLURM_PROCID"), _number("SLURM_NTASKS")
    if rank is None:
        return -1, None, None
    local = _number("LOCAL_RANK")
    return rank, size, local if local is not None else _number("OMPI_COMM_WORLD_LOCAL_RANK")


_remembered = []  # (rank, world size), of a process group that may be gone when the trace's file is made


def remember_rank():
    """Called while there is a process group."""
    rank, size = _torch_rank()
    if rank is not None and not _remembered:
        _remembered.append((rank, size))


def forget_rank():
    """A forked child is a rank of its own, or none."""
    _remembered.clear()


def _torch_rank():
    distributed = sys.modules.get("torch.distributed")
    try:
        if distributed is not None and distributed.is_available() and distributed.is_initialized():
            return distributed.get_rank(), distributed.get_world_size()
    except Exception:
        pass
    return None, None


def _number(name):
    text = os.environ.get(name, "")
    return int(text) if text.isdigit() else None


def is_data_worker():
    """Whether this process loads data for a `DataLoader`: it is no rank."""
    worker = sys.modules.get("torch.utils.data._utils.worker")
    return getattr(worker, "_worker_info", None) is not None


def header(started_ns, rank, size, local):
    """The first line of a trace, as model/trace.ts has it."""
    line = {
        "schema": "wattline.trace/1",
        "clock": "monotonic",
        "pid": os.getpid(),
        "rank": rank,
        "startS": round(min(started_ns, clock()) / 1e9, 6),
        "python": sys.version.split()[0],
        "frameworks": _versions(),
    }
    boot = _boot_id()
    if boot:
        line["bootId"] = boot
    if size is not None:
        line["worldSize"] = size
    if local is not None:
        line["localRank"] = local
    script = sys.argv[0] if getattr(sys, "argv", None) else ""
    if script:
        line["script"] = script[:4096]
    return line


def _boot_id():
    """Processes with the same one share a clock."""
    try:
        with open("/proc/sys/kernel/random/boot_id") as file:
            return file.read().strip()[:100]
    except OSError:
        return ""


def _versions():
    """Versions that loaded modules state; their `__dict__` is read, since `__getattr__` of a module may import."""
    versions = {}
    for name in _FRAMEWORKS:
        module = sys.modules.get(name)
        known = getattr(module, "__dict__", {})
        # transformers is loaded lazily, and keeps its version beside.
        version = known.get("__version__") or known.get("_objects", {}).get("__version__")
        if version is not None:
            versions[name] = str(version)[:100]
    return versions


def peak_memory_bytes():
    """The most memory held so far: of the GPUs where torch uses some, else of this process. None where not known."""
    try:
        torch = sys.modules.get("torch")
        if torch is not None and torch.cuda.is_initialized():
            return sum(torch.cuda.max_memory_allocated(index) for index in range(torch.cuda.device_count()))
        import resource

        # Kilobytes on Linux, bytes on macOS.
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    except Exception:
        return None
