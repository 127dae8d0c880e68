"""How a model does on the val split while it trains."""

from collections.abc import Iterable
from functools import partial

import torch
from torch import nn

from sightline.data.batch import Batch
from sightline.machine.memory import fit_in_memory
from sightline.models.outputs import Outputs, concatenate
from sightline.tasks.objective import Objective, Tally
from sightline.training.precision import Precision


@torch.no_grad()
def tally_batches(model: nn.Module, batches: Iterable[Batch], objective: Objective, precision: Precision) -> Tally:
    """Count every batch by the plain loss, in more micro-batches once memory has run out.

    Args:
        model: in eval mode.
        batches: of a split, or of this process's share of it.
        objective: of the task.
        precision: of the forward pass.
    """
    tally = objective.tally()
    micro_batches = 1
    for batch in batches:
        forward = partial(_forward, model, batch, precision)
        outputs, micro_batches = fit_in_memory(forward, micro_batches, len(batch), len(batch))
        tally.add(outputs, batch.targets, objective.plain_losses(outputs, batch.targets))
    return tally


def _forward(model: nn.Module, batch: Batch, precision: Precision, micro_batches: int) -> Outputs:
    with precision.autocast():
        return concatenate([model(part.images) for part in batch.micro_batches(micro_batches)])
