"""Where tensors are: the device of a configuration."""

from typing import TYPE_CHECKING

from sightline.errors import UsageError
from sightline.machine.distributed import world

if TYPE_CHECKING:
    import torch


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
