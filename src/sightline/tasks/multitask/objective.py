"""The losses of a label and of a mask, each over the images that bear it, and what an epoch is measured by."""

from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from sightline.models.outputs import Outputs, by_head
from sightline.tasks.multitask.balance import Balance
from sightline.tasks.objective import Losses, Objective, Tally, TallyState, Targets


class MultitaskTally:
    """The tallies of all targets.

    `loss` is the plain sum of their losses, whatever they weigh in training: so it means the same for all weights, and
    `val_loss` can choose among them.

    Args:
        tallies: by target.
    """

    def __init__(self, tallies: Mapping[str, Tally]) -> None:
        self._tallies = tallies

    def add(self, outputs: Outputs, targets: Targets, losses: Losses) -> None:
        """Count a batch, for every target that some of its images bear."""
        for name, tally in self._tallies.items():
            if losses[name].items:
                tally.add(by_head(outputs)[name], targets, losses)

    def metrics(self) -> dict[str, float]:
        """`loss`, those of every target, and the loss of each by its name."""
        found = {name: tally.metrics() for name, tally in self._tallies.items() if _has_counted(tally)}
        losses = {f"{name}_loss": metrics.pop("loss") for name, metrics in found.items()}
        merged = {key: value for metrics in found.values() for key, value in metrics.items()}
        return {"loss": sum(losses.values()), **merged, **losses}

    def state_dict(self) -> TallyState:
        """The sums of all, each behind the name of its target."""
        return {
            f"{name}.{key}": value for name, tally in self._tallies.items() for key, value in tally.state_dict().items()
        }

    def load_state_dict(self, state: TallyState) -> None:
        """Take the sums back."""
        for name, tally in self._tallies.items():
            tally.load_state_dict(_of(name, state))

    def merged(self, states: Sequence[TallyState]) -> "MultitaskTally":
        """A tally of everything that several tallies counted."""
        return MultitaskTally(
            {name: tally.merged([_of(name, state) for state in states]) for name, tally in self._tallies.items()}
        )


def _has_counted(tally: Tally) -> bool:
    return any(value is not None for value in tally.state_dict().values())


def _of(name: str, state: TallyState) -> TallyState:
    start = f"{name}."
    return {key.removeprefix(start): value for key, value in state.items() if key.startswith(start)}


class MultitaskObjective(Objective):
    """The objectives of all targets, in a balance.

    Args:
        objectives: by target, which is the name of the head and of its loss as well.
        balance: how their losses become one.
    """

    def __init__(self, objectives: Mapping[str, Objective], balance: Balance) -> None:
        self._objectives = objectives
        self._balance = balance

    def train_losses(self, outputs: Outputs, targets: Targets) -> Losses:
        """Of each target over the images that bear it: to the bit what these images alone would give."""
        heads = by_head(outputs)
        return {name: one.train_losses(heads[name], targets)[name] for name, one in self._objectives.items()}

    def plain_losses(self, outputs: Outputs, targets: Targets) -> Losses:
        """Likewise."""
        heads = by_head(outputs)
        return {name: one.plain_losses(heads[name], targets)[name] for name, one in self._objectives.items()}

    def labelled(self, targets: Targets) -> dict[str, int]:
        """How many images bear each target."""
        return {name: one.labelled(targets)[name] for name, one in self._objectives.items()}

    def total(self, losses: Losses) -> Tensor:
        """In the balance."""
        return self._balance.total(losses)

    @property
    def learned(self) -> nn.Module | None:
        """Of the balance."""
        return self._balance.learned

    def tally(self) -> MultitaskTally:
        """An empty tally."""
        return MultitaskTally({name: one.tally() for name, one in self._objectives.items()})
