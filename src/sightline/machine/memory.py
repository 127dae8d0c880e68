"""Work that does not fit into memory, tried again in smaller parts."""

import ctypes
from collections.abc import Callable
from typing import TypeVar

from sightline.errors import RunFailedError
from sightline.machine.terminal import logger

Result = TypeVar("Result")

ON_CPU = ("can't allocate memory", "not enough memory", "bad_alloc", "could not create a primitive")
"""What torch and oneDNN say; on the CPU torch has no exception of its own for it."""


def is_out_of_memory(error: Exception) -> bool:
    """Whether an exception says that memory ran out, of a device or of the machine."""
    import torch

    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in ON_CPU)


def fit_in_memory(
    attempt: Callable[[int], Result],
    micro_batches: int,
    most: int,
    items: int,
    remedy: str = "take a smaller model or image_size",
) -> tuple[Result, int]:
    """Call `attempt(micro_batches)`, with twice as many each time memory runs out.

    Args:
        attempt: does the whole work in so many micro-batches; leaves nothing behind when it fails.
        micro_batches: to begin with.
        most: micro-batches there can be.
        items: how many items are cut into them.
        remedy: what a person can change when even the smallest do not fit.

    Returns:
        The result, and the number of micro-batches that it took.

    Raises:
        RunFailedError: the smallest do not fit either.
    """
    while True:
        try:
            return attempt(micro_batches), micro_batches
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            if micro_batches >= most:
                raise RunFailedError(f"out of memory, however few images at a time ({error}); {remedy}") from error
        # Only here, outside the handler, is the failed attempt's traceback gone, and with it its tensors.
        release()
        micro_batches = min(2 * micro_batches, most)
        logger.warning("out of memory: going on with %d images at a time", -(-items // micro_batches))


def release() -> None:
    """Give free blocks back, of the device and of the C library: they may be of the wrong sizes to be used again."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # only glibc has it
    if trim is not None:
        trim(0)
