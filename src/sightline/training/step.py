"""One optimiser step: the only place where weights change."""

import hashlib
import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from itertools import chain
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from sightline.data.batch import Batch
from sightline.errors import DivergedError
from sightline.machine.distributed import all_reduce_sum, average_gradients, world
from sightline.machine.memory import fit_in_memory
from sightline.models.outputs import Outputs, map_outputs
from sightline.tasks.objective import Loss, Losses, Objective, Tally
from sightline.training.adversary import Adversary
from sightline.training.precision import Precision

REMEDY = "lower training.batch_size or raise training.accumulate, or take a smaller model or image_size"


class Step(NamedTuple):
    """What came of a step.

    Attributes:
        loss: mean over this process's items.
        stepped: whether the weights moved; fp16 skips a step whose gradients overflow.
        micro_batches: that it took.
    """

    loss: float
    stepped: bool
    micro_batches: int


class ForwardPass(NamedTuple):
    """What the model gave for one micro-batch, off the graph."""

    batch: Batch
    outputs: Outputs
    losses: Losses
    loss_on_host: "HostScalar"


def train_step(
    model: nn.Module,
    objective: Objective,
    batch: Batch,
    micro_batches: int,
    optimizer: torch.optim.Optimizer,
    precision: Precision,
    clip_norm: float | None,
    tally: Tally,
    seed: int,
    adversary: Adversary | None = None,
) -> Step:
    """Forward, backward and update on one batch, in so many micro-batches, or in more where memory runs out.

    Each weighs as many items as it has, so the gradient is that of the mean over the whole batch (rule 20); the loss of
    a target that items may lack, as many as bear it. With an adversary the step is that of the images as it changes
    them, for the model as it was before.

    Raises:
        DivergedError: the loss is not finite; the weights are as they were.
        RunFailedError: no micro-batch is small enough; the weights are as they were.
    """
    buffers = [buffer.clone() for buffer in model.buffers()]

    def attempt(count: int) -> list[ForwardPass]:
        if count != micro_batches:
            _restore_buffers(model, buffers)
        optimizer.zero_grad(set_to_none=True)
        torch.manual_seed(seed)
        return _gradients(model, objective, batch, count, precision, adversary)

    most = _most_micro_batches(model, micro_batches, len(batch))
    passes, needed = fit_in_memory(attempt, micro_batches, most, len(batch), REMEDY)
    loss = sum(done.loss_on_host.value() * len(done.batch) / len(batch) for done in passes)
    _check_finite(loss, optimizer)
    trained = model.parameters() if objective.learned is None else chain(model.parameters(), _learned(objective))
    stepped = precision.update(optimizer, trained, clip_norm)
    for done in passes:
        tally.add(done.outputs, done.batch.targets, done.losses)
    return Step(loss, stepped, needed)


def _check_finite(loss: float, optimizer: torch.optim.Optimizer) -> None:
    if not math.isfinite(loss):
        raise DivergedError(
            f"the loss is {loss} before the update; "
            f"lower optimizer.lr (the rate is {optimizer.param_groups[-1]['lr']:.3g} now), "
            "set training.clip_norm=1.0, or take training.precision=fp32"
        )


def _most_micro_batches(model: nn.Module, micro_batches: int, items: int) -> int:
    """Into how many micro-batches a batch may be cut."""
    if isinstance(model, DistributedDataParallel):
        return micro_batches  # the other processes wait for this one's gradients: it cannot begin again alone
    # The statistics of a single item may be those of a single value.
    fewest = 2 if any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in model.modules()) else 1
    return max(1, items // fewest)


def _gradients(
    model: nn.Module,
    objective: Objective,
    batch: Batch,
    count: int,
    precision: Precision,
    adversary: Adversary | None,
) -> list[ForwardPass]:
    """Add up the gradients of all micro-batches; processes exchange theirs with the last one."""
    passes = []
    micro_batches = batch.micro_batches(count)
    of_batch = _of_batch(objective, batch, len(micro_batches))
    for cut in micro_batches:
        losses_of = partial(_losses, objective, of_batch, cut)
        part = cut if adversary is None else adversary.changed(model, cut, losses_of, precision)
        with nullcontext() if cut is micro_batches[-1] else _without_exchange(model):
            with precision.autocast():
                outputs: Outputs = model(part.images)
            losses, loss = losses_of(outputs)
            # Asked for before the backward pass, and read after it: a device goes on computing meanwhile.
            loss_on_host = HostScalar(loss)
            precision.scaler.scale(loss * part.weight).backward()  # type: ignore[no-untyped-call]
        detached = {name: Loss(mean.detach(), items) for name, (mean, items) in losses.items()}
        passes.append(ForwardPass(part, map_outputs(Tensor.detach, outputs), detached, loss_on_host))
    average_gradients(_learned(objective))
    return passes


def _losses(
    objective: Objective, of_batch: Callable[[Losses, int], Losses], part: Batch, outputs: Outputs
) -> tuple[Losses, Tensor]:
    """The losses of a micro-batch, and its part of the one that trains."""
    losses = objective.train_losses(outputs, part.targets)
    return losses, objective.total(of_batch(losses, len(part)))


def _of_batch(objective: Objective, batch: Batch, micro_batches: int) -> Callable[[Losses, int], Losses]:
    """From the losses of a micro-batch of so many items to its part of the losses of the step, over all processes.

    A micro-batch weighs as many items as it has. Where more of them bear a target than in the step at large, its loss
    counts for more, so that in the end each labelled item weighs the same.
    """
    size = world().size
    if micro_batches == 1 and size == 1:
        return lambda losses, _items: losses
    counts = objective.labelled(batch.targets)
    *counted, items = all_reduce_sum([*counts.values(), len(batch)])
    total = dict(zip(counts, counted, strict=True))

    def scaled(losses: Losses, part: int) -> Losses:
        return {
            name: Loss(mean * (found / part / (total[name] / items)) if total[name] else mean, total[name])
            for name, (mean, found) in losses.items()
        }

    return scaled


def _learned(objective: Objective) -> list[nn.Parameter]:
    """What of the objective is trained."""
    return [] if objective.learned is None else list(objective.learned.parameters())


def _without_exchange(model: nn.Module) -> AbstractContextManager[None]:
    if isinstance(model, DistributedDataParallel):
        context: AbstractContextManager[None] = model.no_sync()
        return context
    return nullcontext()


@torch.no_grad()
def _restore_buffers(model: nn.Module, before: Sequence[Tensor]) -> None:
    """Undo what a forward pass that failed half-way did to running statistics."""
    for buffer, value in zip(model.buffers(), before, strict=True):
        buffer.copy_(value)


class HostScalar:
    """A number under way from the device: waiting for it does not wait for what the device was asked for later."""

    def __init__(self, value: Tensor) -> None:
        self._value = value.detach().to("cpu", non_blocking=value.is_cuda)
        self._arrived = torch.cuda.Event() if value.is_cuda else None  # type: ignore[no-untyped-call]
        if self._arrived is not None:
            self._arrived.record()

    def value(self) -> float:
        """The number."""
        if self._arrived is not None:
            self._arrived.synchronize()
        return float(self._value)


def step_seed(seed: int, step: int, rank: int = 0) -> int:
    """What seeds the draws of the model itself, such as dropout, in a step: any step can be replayed."""
    digest = hashlib.blake2b(f"{seed}/{step}/{rank}".encode(), digest_size=7).digest()
    return int.from_bytes(digest, "little")
