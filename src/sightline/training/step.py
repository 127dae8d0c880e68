"""One optimiser step: the only place where weights change."""

import hashlib
import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from sightline.data.loaders import Batch
from sightline.errors import RunFailedError
from sightline.tasks.task import Tally, Task
from sightline.training.precision import Precision


def train_step(
    model: nn.Module,
    task: Task,
    parts: Sequence[Batch],
    optimizer: torch.optim.Optimizer,
    precision: Precision,
    clip_norm: float | None,
    tally: Tally,
) -> tuple[float, bool]:
    """Forward, backward and update on one batch, in as many micro-batches as it comes in.

    Each part weighs as many items as it has, so the gradient is that of the mean over the whole batch (rule 20).

    Returns:
        The mean loss, and whether the weights moved (fp16 skips a step whose gradients overflow).

    Raises:
        RunFailedError: the loss is not finite; the weights are as they were.
    """
    total = sum(len(part) for part in parts)
    mean_loss = 0.0
    optimizer.zero_grad(set_to_none=True)
    for part in parts:
        with precision.autocast():
            outputs: Tensor = model(part.images)
        loss = task.train_loss(outputs, part.targets)
        value = loss.item()
        if not math.isfinite(value):
            raise RunFailedError(
                f"the loss is {value} before the update; "
                f"lower optimizer.lr (the rate is {optimizer.param_groups[-1]['lr']:.3g} now), "
                "set training.clip_norm=1.0, or take training.precision=fp32"
            )
        tally.add(outputs, part.targets, loss)
        precision.scaler.scale(loss * (len(part) / total)).backward()  # type: ignore[no-untyped-call]
        mean_loss += value * len(part) / total
    moved = precision.update(optimizer, model.parameters(), clip_norm)
    return mean_loss, moved


def seed_step(seed: int, step: int) -> None:
    """Seed what the model draws itself, such as dropout, by the step alone: any step can be replayed."""
    digest = hashlib.blake2b(f"{seed}/{step}".encode(), digest_size=7).digest()
    torch.manual_seed(int.from_bytes(digest, "little"))
