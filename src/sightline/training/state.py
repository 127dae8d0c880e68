"""Everything a training needs to go on as if it had never stopped (rule 21), and the checkpoints that hold it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from sightline.errors import RunFailedError, UsageError
from sightline.run import Run

LAST, BEST = "checkpoints/last.pt", "checkpoints/best.pt"


@dataclass
class Progress:
    """How far a training is.

    Attributes:
        step: optimiser steps done.
        epochs: epochs closed, that is, evaluated.
        history: the epoch rows so far.
        best: row index in `history` of the best epoch, by the monitored metric.
    """

    step: int = 0
    epochs: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    best: int | None = None

    def is_best(self, monitor: str) -> bool:
        """Take the newest row into account; whether it is the best so far. Ties go to the earlier epoch."""
        value = self.history[-1][monitor]
        if self.best is None or better(value, self.history[self.best][monitor], monitor):
            self.best = len(self.history) - 1
            return True
        return False

    def waited(self) -> int:
        """Epochs since the best one."""
        return 0 if self.best is None else len(self.history) - 1 - self.best


def better(value: float, than: float, monitor: str) -> bool:
    """Whether a monitored value improves on another: a loss downwards, all else upwards."""
    return value < than if monitor.endswith("loss") else value > than


def save_checkpoint(run: Run, name: str, content: Mapping[str, Any]) -> None:
    """Write tensors and plain values, atomically; opens with `torch.load(weights_only=True)`."""
    run.save_with(name, lambda stream: torch.save(dict(content), stream))


def load_checkpoint(run: Run, name: str, device: torch.device) -> dict[str, Any]:
    """Read a checkpoint.

    Raises:
        UsageError: it is not there.
        RunFailedError: it is damaged.
    """
    path = run.path / name
    if not path.is_file():
        raise UsageError(f"{run.path} has no {name}; train it first")
    try:
        content: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
    except (RuntimeError, EOFError, ValueError, OSError) as error:
        raise RunFailedError(f"{path} is damaged: {str(error).splitlines()[0]}") from error
    return content


def weights(model: nn.Module) -> dict[str, Any]:
    """The model's parameters and buffers."""
    return dict(model.state_dict())
