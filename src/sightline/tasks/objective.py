"""What the training loop asks of a task: losses, and a tally of how an epoch goes."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from torch import Tensor

from sightline.models.outputs import Outputs

Targets = Mapping[str, Tensor]
TallyState = Mapping[str, Tensor | None]
"""The sums of a tally by name; None before anything was counted."""


class Tally(Protocol):
    """Sums over the items of an epoch, kept on the device and read once at its end."""

    def add(self, outputs: Outputs, targets: Targets, loss: Tensor) -> None:
        """Count a batch: outputs of the model, its targets, and the mean loss of its items."""

    def metrics(self) -> dict[str, float]:
        """`loss` and the task's own metrics over everything counted."""

    def state_dict(self) -> TallyState:
        """The sums, for a checkpoint within an epoch."""

    def load_state_dict(self, state: TallyState) -> None:
        """Take the sums back."""

    def merged(self, states: Sequence[TallyState]) -> "Tally":
        """A tally of everything that several tallies counted, on the CPU; this one stays as it is."""


class Objective(Protocol):
    """Turns outputs and targets into a loss to train on, a loss for validation, and metrics."""

    def train_loss(self, outputs: Outputs, targets: Targets) -> Tensor:
        """Mean over the items, as the configuration wants it trained: smoothed, weighted, mixed."""

    def plain_loss(self, outputs: Outputs, targets: Targets) -> Tensor:
        """Mean over the items of the loss that validation is judged by, free of such options (rule 14)."""

    def tally(self) -> Tally:
        """An empty tally."""
