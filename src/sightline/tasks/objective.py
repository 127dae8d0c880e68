"""What the training loop asks of a task: losses, and a tally of how an epoch goes."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from torch import Tensor, nn

from sightline.models.outputs import Outputs

Targets = Mapping[str, Tensor]
TallyState = Mapping[str, Tensor | None]
"""The sums of a tally by name; None before anything was counted."""


class Loss(NamedTuple):
    """The mean loss over the items that bear a target.

    Attributes:
        mean: a scalar; 0, with a gradient of 0, where no item bears it.
        items: how many do.
    """

    mean: Tensor
    items: int


Losses = Mapping[str, Loss]
"""The loss of each target, by the name of the target."""


class Tally(Protocol):
    """Sums over the items of an epoch, kept on the device and read once at its end."""

    def add(self, outputs: Outputs, targets: Targets, losses: Losses) -> None:
        """Count a batch: outputs of the model, its targets, and its losses."""

    def metrics(self) -> dict[str, float]:
        """`loss` and the task's own metrics over everything counted."""

    def state_dict(self) -> TallyState:
        """The sums, for a checkpoint within an epoch."""

    def load_state_dict(self, state: TallyState) -> None:
        """Take the sums back."""

    def merged(self, states: Sequence[TallyState]) -> "Tally":
        """A tally of everything that several tallies counted, on the CPU; this one stays as it is."""


class Objective(Protocol):
    """Turns outputs and targets into losses to train on, losses for validation, and metrics.

    An objective that says so (`class Mine(Objective)`) may leave out what has a body here.
    """

    def train_losses(self, outputs: Outputs, targets: Targets) -> Losses:
        """As the configuration wants them trained: smoothed, weighted, mixed."""

    def plain_losses(self, outputs: Outputs, targets: Targets) -> Losses:
        """Those that validation is judged by, free of such options (rule 14)."""

    def labelled(self, targets: Targets) -> Mapping[str, int]:
        """How many items bear each target: `Loss.items`, before anything was computed."""

    def total(self, losses: Losses) -> Tensor:
        """The one number that trains, linear in the means; what no item bears has no part in it."""
        first, *others = (loss.mean for loss in losses.values())
        return sum(others, first)

    @property
    def learned(self) -> nn.Module | None:
        """What of the objective is trained along with the model, if anything; checkpoints hold it."""
        return None

    def tally(self) -> Tally:
        """An empty tally."""
