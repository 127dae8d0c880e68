"""The machine a run is on: cores, device, seeds, signals, and the record of it all."""

import ctypes
import os
import platform
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import psutil
from threadpoolctl import ThreadpoolController

import sightline
from sightline.container import core_quota
from sightline.distributed import world
from sightline.errors import UsageError
from sightline.run import now

if TYPE_CHECKING:
    import torch

PACKAGES = ("torch", "torchvision", "timm", "numpy", "scipy", "scikit-learn", "pillow", "hydra-core", "mlflow")

TRIM_THRESHOLD, MMAP_MAX = -1, -4
"""Of glibc's malloc.h."""


def usable_cores() -> int:
    """Cores this process may use: its affinity, and the quota of its container where there is one."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = core_quota()
    return min(cores, quota) if quota else cores


def prepare_environment() -> None:
    """Settings that must stand before torch is imported; a person's own settings win."""
    # Large pages for tensors: fewer page faults in the allocation-heavy convolution backward.
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
    # The profiler's own log speaks of every start and stop.
    os.environ.setdefault("KINETO_LOG_LEVEL", "5")
    # Without it cuBLAS may pick another algorithm from run to run.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")


def prepare_torch() -> None:
    """Threads within the container's limit, deterministic algorithms, and memory that is kept from step to step."""
    import torch

    if not has_cuda():
        _keep_memory()
    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(usable_cores())
    _limit_blas(usable_cores())
    torch.use_deterministic_algorithms(mode=True, warn_only=True)
    # Filling fresh memory guards against reading it unset, which deterministic code of ours never does.
    setattr(torch.utils.deterministic, "fill_uninitialized_memory", False)  # noqa: B010 - hidden from type checkers
    torch.backends.cudnn.benchmark = False


def _keep_memory() -> None:
    """Have the C library keep large blocks that are freed, instead of handing them back and faulting them in again.

    A training step frees and asks for the same blocks again and again. Settings of a person's own win.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # only glibc has it
    if mallopt is None or any(key.startswith(("MALLOC_", "GLIBC_TUNABLES")) for key in os.environ):
        return
    for option, value in ((MMAP_MAX, 0), (TRIM_THRESHOLD, -1)):
        mallopt(option, value)


def _limit_blas(cores: int) -> None:
    """Hold NumPy's library to the quota: it counts the cores of the machine, and threads beyond a quota only wait."""
    libraries = ThreadpoolController().select(user_api="blas")
    if any(library["num_threads"] > cores for library in libraries.info()):
        libraries.limit(limits=cores)


def has_cuda() -> bool:
    """Whether there is a GPU that torch can use."""
    import torch

    return torch.cuda.is_available()


def pick_device(name: str) -> "torch.device":
    """The device of a configuration's `device`; `auto` takes cuda, then mps, then cpu.

    Raises:
        UsageError: it is not there.
    """
    import torch

    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        name = next(kind for kind, available in there.items() if available)
    if not there[name]:
        raise UsageError(f"device={name} is not available here; take device=auto or device=cpu")
    if name == "cuda" and world().size > 1:
        torch.cuda.set_device(world().local_rank)
        return torch.device("cuda", world().local_rank)
    return torch.device(name)


class Interrupted(KeyboardInterrupt):
    """A signal asked the run to stop; the message says what was saved and how to go on."""

    def __init__(self, number: int, message: str = "") -> None:
        super().__init__(message)
        self.status = 128 + number


class StopSignal:
    """Remembers SIGINT or SIGTERM so that the loop can stop between two steps; a second one stops at once."""

    def __init__(self) -> None:
        self.number: int | None = None

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        """Note the signal."""
        if self.number is not None:
            raise Interrupted(number)
        self.number = number


@contextmanager
def stop_signal() -> Iterator[StopSignal]:
    """Catch SIGINT and SIGTERM while a block runs; outside the main thread, catch nothing."""
    stop = StopSignal()
    with _handling(stop, signal.SIGINT, signal.SIGTERM):
        yield stop


@contextmanager
def ended_by_sigterm() -> Iterator[None]:
    """Have SIGTERM end a block as Ctrl-C does: the first process of a container does not hear it otherwise."""

    def end(number: int, _frame: FrameType | None) -> None:
        raise Interrupted(number)

    with _handling(end, signal.SIGTERM):
        yield


@contextmanager
def _handling(handler: Callable[[int, FrameType | None], None], *numbers: int) -> Iterator[None]:
    try:
        before = {number: signal.signal(number, handler) for number in numbers}
    except ValueError:  # not the main thread
        before = {}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)


def provenance(command: list[str], config_hash: str) -> dict[str, Any]:
    """Git, versions, machine and command, for `provenance.json`."""
    return {
        "sightline": sightline.__version__,
        "time": now(),
        "command": command,
        "config_hash": config_hash,
        "git": _git(),
        "python": platform.python_version(),
        "packages": {name: metadata.version(name) for name in PACKAGES},
        "machine": _machine(),
        "threads": usable_cores(),
    }


def _git() -> dict[str, Any] | None:
    """The commit the code stands at: the one an image was built from, else the checkout's, else None."""
    if built_from := os.environ.get("SIGHTLINE_REVISION"):
        return {"commit": built_from, "dirty": built_from.endswith("-dirty")}
    folder = Path(__file__).parent

    def ask(*words: str) -> str:
        return subprocess.run(  # noqa: S603 - fixed words
            ["git", "-C", str(folder), *words],  # noqa: S607 - whichever git there is
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        ).stdout.strip()

    try:
        return {"commit": ask("rev-parse", "HEAD"), "dirty": bool(ask("status", "--porcelain"))}
    except (OSError, subprocess.SubprocessError):
        return None


def _machine() -> dict[str, Any]:
    torch = sys.modules.get("torch")
    gpu = torch.cuda.get_device_name(0) if torch is not None and torch.cuda.is_available() else None
    return {
        "platform": platform.platform(),
        "cpu": _cpu_name(),
        "cores": usable_cores(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "gpu": gpu,
    }


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
