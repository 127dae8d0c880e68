"""Settings of this process: threads, memory and algorithms, before and after torch is imported."""

import ctypes
import os

from threadpoolctl import ThreadpoolController

from sightline.machine.container import usable_cores
from sightline.machine.device import has_cuda

TRIM_THRESHOLD, MMAP_MAX = -1, -4
"""Of glibc's malloc.h."""


def prepare_environment() -> None:
    """Settings that must stand before torch is imported; a person's own settings win."""
    # Large pages for tensors: fewer page faults in the allocation-heavy convolution backward.
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
    # The profiler's own log speaks of every start and stop.
    os.environ.setdefault("KINETO_LOG_LEVEL", "5")
    # Figures go into files alone, and what a notebook set may not be installed here.
    os.environ["MPLBACKEND"] = "agg"
    # What prepare_torch asks of all other algorithms, for torch.compile.
    os.environ.setdefault("TORCHINDUCTOR_DETERMINISTIC", "1")
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
    # Not by use_deterministic_algorithms: it imports torch.compile's whole machinery, which takes seconds.
    torch.set_deterministic_debug_mode("warn")
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
