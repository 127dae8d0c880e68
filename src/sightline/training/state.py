"""Everything a training needs to go on as if it had never stopped (rule 21), and the checkpoints that hold it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from sightline.errors import RunFailedError, UsageError
from sightline.models.weights import DAMAGE, first_line, load_plain
from sightline.run import Run
from sightline.terminal import logger

LAST, PREVIOUS, BEST = "checkpoints/last.pt", "checkpoints/previous.pt", "checkpoints/best.pt"


@dataclass
class Progress:
    """How far a training is.

    Attributes:
        step: steps done, that is, batches seen.
        updates: those that moved the weights; fp16 skips a few, and schedules do not count them (rule 19).
        epochs: epochs closed, that is, evaluated.
        history: the epoch rows so far.
        best: row index in `history` of the best epoch, by the monitored metric.
    """

    step: int = 0
    updates: int = 0
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


def save_last(run: Run, content: Mapping[str, Any]) -> None:
    """Write `last.pt`; the one before it stays as `previous.pt`, for the day when the last one is damaged."""
    if run.has(LAST):
        (run.path / LAST).replace(run.path / PREVIOUS)
    save_checkpoint(run, LAST, content)


def load_last(run: Run, device: torch.device) -> dict[str, Any] | None:
    """The newest checkpoint that can be read; None where there is none yet.

    Raises:
        RunFailedError: there are checkpoints, and all of them are damaged. Nothing is overwritten.
    """
    names = [name for name in (LAST, PREVIOUS) if run.has(name)]
    for name in names:
        try:
            return load_checkpoint(run, name, device)
        except RunFailedError as error:
            logger.warning("%s", error)
            problem = error
    if names:
        raise RunFailedError(f"no checkpoint of {run.path} can be read; begin a new run") from problem
    return None


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
        content = load_plain(path, device)
    except (OSError, *DAMAGE) as error:
        raise RunFailedError(f"{path} is damaged: {first_line(error)}") from error
    if not isinstance(content, dict):
        raise RunFailedError(f"{path} is damaged: it holds no checkpoint")
    return content


def weights(model: nn.Module) -> dict[str, Any]:
    """The model's parameters and buffers."""
    return dict(model.state_dict())
