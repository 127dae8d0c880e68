"""One optimiser step: the only place where weights change."""

import hashlib
import math
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from sightline.data.batch import Batch
from sightline.errors import RunFailedError
from sightline.machine.memory import fit_in_memory
from sightline.models.outputs import Outputs, map_outputs
from sightline.tasks.objective import Objective, Tally
from sightline.training.precision import Precision


class Step(NamedTuple):
    """What came of a step.

    Attributes:
        loss: mean over this process's items.
        moved: whether the weights moved; fp16 skips a step whose gradients overflow.
        parts: micro-batches that it took.
    """

    loss: float
    moved: bool
    parts: int


REMEDY = "lower training.batch_size or raise training.accumulate, or take a smaller model or image_size"


class Answer(NamedTuple):
    """What the model said of one micro-batch, off the graph."""

    part: Batch
    outputs: Outputs
    loss: Tensor
    reading: "Reading"


def train_step(
    model: nn.Module,
    objective: Objective,
    batch: Batch,
    parts: int,
    optimizer: torch.optim.Optimizer,
    precision: Precision,
    clip_norm: float | None,
    tally: Tally,
    seed: int,
) -> Step:
    """Forward, backward and update on one batch, in `parts` micro-batches, or in more where memory runs out.

    Each part weighs as many items as it has, so the gradient is that of the mean over the whole batch (rule 20).

    Raises:
        RunFailedError: the loss is not finite, or no part is small enough; the weights are as they were.
    """
    statistics = [buffer.clone() for buffer in model.buffers()]

    def attempt(count: int) -> list[Answer]:
        if count != parts:
            _put_back(model, statistics)
        optimizer.zero_grad(set_to_none=True)
        torch.manual_seed(seed)
        return _gradients(model, objective, batch.micro_batches(count), precision)

    answers, needed = fit_in_memory(attempt, parts, _most_parts(model, parts, len(batch)), len(batch), REMEDY)
    loss = sum(answer.reading.value() * len(answer.part) / len(batch) for answer in answers)
    if not math.isfinite(loss):
        raise RunFailedError(
            f"the loss is {loss} before the update; "
            f"lower optimizer.lr (the rate is {optimizer.param_groups[-1]['lr']:.3g} now), "
            "set training.clip_norm=1.0, or take training.precision=fp32"
        )
    moved = precision.update(optimizer, model.parameters(), clip_norm)
    for answer in answers:
        tally.add(answer.outputs, answer.part.targets, answer.loss)
    return Step(loss, moved, needed)


def _most_parts(model: nn.Module, parts: int, items: int) -> int:
    """Into how many micro-batches a batch may be cut."""
    if isinstance(model, DistributedDataParallel):
        return parts  # the other processes wait for this one's gradients: it cannot begin again alone
    # The statistics of a single item may be those of a single value.
    fewest = 2 if any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in model.modules()) else 1
    return max(1, items // fewest)


def _gradients(model: nn.Module, objective: Objective, parts: Sequence[Batch], precision: Precision) -> list[Answer]:
    """Add up the gradients of all micro-batches; processes exchange theirs with the last one."""
    answers = []
    for part in parts:
        with _alone(model) if part is not parts[-1] else nullcontext():
            with precision.autocast():
                outputs: Outputs = model(part.images)
            loss = objective.train_loss(outputs, part.targets)
            # Asked for before the backward pass, and read after it: a device goes on computing meanwhile.
            reading = Reading(loss)
            precision.scaler.scale(loss * part.weight).backward()  # type: ignore[no-untyped-call]
        answers.append(Answer(part, map_outputs(Tensor.detach, outputs), loss.detach(), reading))
    return answers


def _alone(model: nn.Module) -> AbstractContextManager[None]:
    if isinstance(model, DistributedDataParallel):
        context: AbstractContextManager[None] = model.no_sync()
        return context
    return nullcontext()


@torch.no_grad()
def _put_back(model: nn.Module, statistics: Sequence[Tensor]) -> None:
    """Undo what a forward pass that failed half-way did to running statistics."""
    for buffer, before in zip(model.buffers(), statistics, strict=True):
        buffer.copy_(before)


class Reading:
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
