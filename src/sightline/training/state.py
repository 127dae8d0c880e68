"""Everything a training needs to go on as if it had never stopped (rule 21), and the checkpoints that hold it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import torch
from torch import Tensor, nn

from sightline.errors import RunFailedError
from sightline.machine.terminal import logger
from sightline.metrics.catalogue import monitored
from sightline.models.checkpoints import LAST, PREVIOUS, load_checkpoint, save_checkpoint
from sightline.run.folder import Run

NEXT = "checkpoints/next.pt"


@dataclass
class Progress:
    """How far a training is.

    Attributes:
        step: steps done, that is, batches seen.
        updates: those that moved the weights; fp16 skips a few, and schedules do not count them (rule 19).
        epochs: epochs closed, that is, evaluated.
        micro_batches: that a step is cut into; more than asked for once memory ran out.
        history: the epoch rows so far.
        best: row index in `history` of the best epoch, by the monitored metric.
    """

    step: int = 0
    updates: int = 0
    epochs: int = 0
    micro_batches: int = 1
    history: list[dict[str, float]] = field(default_factory=list)
    best: int | None = None

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Read back what `vars` gave for a checkpoint; older ones call `micro_batches` `parts`."""
        renamed = {"parts": "micro_batches"}
        return cls(**{renamed.get(key, key): value for key, value in state.items()})

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
    """Whether a monitored value improves on another: downwards or upwards, as the metric goes."""
    return value > than if monitored(monitor).higher_is_better else value < than


def save_last(run: Run, content: Mapping[str, object]) -> None:
    """Write `last.pt`; the one before it stays as `previous.pt`, for the day when the last one is damaged.

    Nothing moves before the new one is whole, so a full disk takes neither.
    """
    save_checkpoint(run, NEXT, content)
    if not run.writes:
        return
    if run.has(LAST):
        (run.path / LAST).replace(run.path / PREVIOUS)
    (run.path / NEXT).replace(run.path / LAST)


def load_last(run: Run, device: torch.device) -> dict[str, Any] | None:
    """The newest checkpoint that can be read; None where there is none yet.

    Raises:
        RunFailedError: there are checkpoints, and all of them are damaged. Nothing is overwritten.
    """
    if not (run.has(LAST) or run.has(PREVIOUS)):
        return None
    for name in (LAST, PREVIOUS):
        try:
            content = load_checkpoint(run, name, device)
        except RunFailedError as error:
            logger.warning("%s", error)
            problem = error
        else:
            if name == PREVIOUS:
                logger.warning("going on from %s, the checkpoint before it", PREVIOUS)
            return content
    raise RunFailedError(f"no checkpoint of {run.path} can be read; begin a new run") from problem


def weights(model: nn.Module) -> dict[str, Tensor]:
    """The model's parameters and buffers."""
    return dict(model.state_dict())
