"""Several processes that train one model together, as `torchrun` starts them; one process is the special case."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

import psutil

from sightline.errors import UsageError
from sightline.machine.variables import whole_number

if TYPE_CHECKING:
    from torch import Tensor

Value = TypeVar("Value")

PATIENCE = timedelta(minutes=30)
"""How long the others wait for a process that decodes; torchrun itself ends them when one dies."""


@dataclass(frozen=True)
class World:
    """The processes of a training.

    Attributes:
        rank: which one this is; 0 writes the run, the others only compute.
        size: how many there are.
        local_rank: which one on its machine: the number of its GPU.
        launch: what one call of torchrun has in common, restarts included; empty without it.
        restarts: how often torchrun has started all of them anew.
    """

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    launch: str = ""
    restarts: int = 0

    @property
    def writes(self) -> bool:
        """Whether this process is the one that writes."""
        return self.rank == 0


def world() -> World:
    """The processes this one belongs to, from the variables that torchrun sets.

    Raises:
        UsageError: one of them holds what torchrun would not set.
    """
    if "TORCHELASTIC_RUN_ID" not in os.environ and "WORLD_SIZE" not in os.environ:
        return World()
    rank, size = whole_number("RANK", 0), whole_number("WORLD_SIZE", 1, least=1)
    if rank >= size:
        raise UsageError(f"RANK is {rank} and WORLD_SIZE {size}; unset both, or start with torchrun")
    return World(
        rank=rank,
        size=size,
        local_rank=whole_number("LOCAL_RANK", 0),
        launch=_launch(),
        restarts=whole_number("TORCHELASTIC_RESTART_COUNT", 0),
    )


def _launch() -> str:
    """The launcher's name for this launch, else its process, which outlives the restarts of ours."""
    name = os.environ.get("TORCHELASTIC_RUN_ID", "none")
    if name != "none":
        return name
    parent = os.getppid()
    return f"{parent}-{psutil.Process(parent).create_time():.2f}"


@contextmanager
def process_group(cuda: bool) -> Iterator[None]:
    """Meet the other processes, and part again when the block ended well; alone, do nothing.

    Args:
        cuda: whether tensors on GPUs are exchanged, beside those on the CPU.
    """
    if world().size == 1:
        yield
        return
    if missing := [name for name in ("MASTER_ADDR", "MASTER_PORT") if name not in os.environ]:
        raise UsageError(f"WORLD_SIZE is {world().size} and {missing[0]} is not set; unset it, or start with torchrun")
    from torch import distributed

    store, rank, size = next(distributed.rendezvous("env://", timeout=PATIENCE))  # type: ignore[attr-defined]
    # torchrun keeps one store through its restarts: without a corner of their own there, processes would be given the
    # addresses of those that died.
    corner = distributed.PrefixStore(f"restart-{world().restarts}", store)  # type: ignore[attr-defined]
    backend = "cpu:gloo,cuda:nccl" if cuda else "gloo"
    distributed.init_process_group(backend, store=corner, rank=rank, world_size=size, timeout=PATIENCE)
    yield
    # After an error the others may be waiting for this process in an exchange: leaving politely would wait for them.
    distributed.destroy_process_group()


def broadcast_object(value: Value) -> Value:
    """The value that process 0 gave."""
    if world().size == 1:
        return value
    from torch import distributed

    values = [value]
    distributed.broadcast_object_list(values, src=0)
    return values[0]


def gather_objects(value: Value) -> list[Value]:
    """The values of all processes, by rank."""
    size = world().size
    if size == 1:
        return [value]
    from torch import distributed

    values: list[Value] = [value] * size
    distributed.all_gather_object(values, value)
    return values


def all_reduce_max(values: Sequence[int]) -> list[int]:
    """The largest that any process gave, at each place: how all come to one decision."""
    if world().size == 1:
        return list(values)
    import torch
    from torch import distributed

    agreed = torch.tensor(values)
    distributed.all_reduce(agreed, op=distributed.ReduceOp.MAX)
    return [int(value) for value in agreed]


def all_reduce_sum(values: Sequence[int]) -> list[int]:
    """The sum of what the processes gave, at each place."""
    if world().size == 1:
        return list(values)
    import torch
    from torch import distributed

    summed = torch.tensor(values)
    distributed.all_reduce(summed)
    return [int(value) for value in summed]


def average_gradients(parameters: Sequence["Tensor"]) -> None:
    """The mean over the processes; where one has no gradient, it counts as 0."""
    size = world().size
    if size == 1:
        return
    import torch
    from torch import distributed

    for parameter in parameters:
        if parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)
        distributed.all_reduce(parameter.grad)
        parameter.grad /= size


def broadcast_tensors(tensors: Sequence["Tensor"]) -> None:
    """Overwrite tensors with those of process 0."""
    if world().size == 1:
        return
    from torch import distributed

    for tensor in tensors:
        distributed.broadcast(tensor, src=0)
