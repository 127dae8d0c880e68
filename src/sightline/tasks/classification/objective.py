"""One label an image: what trains a model, and what an epoch is measured by."""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from sightline.data.targets import LABEL, MISSING
from sightline.metrics.classification.confusion import monitored_scores
from sightline.models.outputs import Outputs, only_tensor
from sightline.tasks.objective import Loss, Losses, Objective, TallyState, Targets

LabelLoss = Callable[[Tensor, Tensor], Tensor]
"""From logits (n, k) and labels (n,) or soft (n, k) to the mean loss."""


class ClassificationTally:
    """The loss, and scores from one confusion matrix.

    Mixed items count by their soft labels: an item that is 0.7 cat adds 0.7 to the row `cat`. Accuracy is then the
    mean label mass on the predicted class, which is plain accuracy wherever nothing was mixed. Items without a label
    count for nothing.
    """

    def __init__(self, classes: int) -> None:
        self.classes = classes
        self._confusion: Tensor | None = None
        self._loss: Tensor | None = None

    def add(self, outputs: Outputs, targets: Targets, losses: Losses) -> None:
        """Count a batch."""
        mean, items = losses[LABEL]
        logits, label = labelled(only_tensor(outputs).detach(), targets[LABEL], items)
        truth = F.one_hot(label, self.classes).double() if label.ndim == 1 else label.double()
        predicted = F.one_hot(logits.argmax(dim=1), self.classes).double()
        confusion = truth.T @ predicted
        total = mean.detach().double() * items
        self._confusion = confusion if self._confusion is None else self._confusion + confusion
        self._loss = total if self._loss is None else self._loss + total

    def metrics(self) -> dict[str, float]:
        """`loss`, and the metrics that the catalogue has training monitor."""
        if self._confusion is None or self._loss is None:
            raise ValueError("nothing was counted")
        confusion = self._confusion.cpu().numpy()
        return {
            "loss": float(self._loss) / float(confusion.sum()),
            **monitored_scores(confusion),
        }

    def state_dict(self) -> TallyState:
        """The sums."""
        return {"confusion": self._confusion, "loss": self._loss}

    def load_state_dict(self, state: TallyState) -> None:
        """Take the sums back."""
        self._confusion = state["confusion"]
        self._loss = state["loss"]

    def merged(self, states: Sequence[TallyState]) -> "ClassificationTally":
        """A tally of everything that several tallies counted."""
        total = ClassificationTally(self.classes)
        total._confusion = _sum([state["confusion"] for state in states])
        total._loss = _sum([state["loss"] for state in states])
        return total


def _sum(values: Sequence[Tensor | None]) -> Tensor | None:
    """On the CPU, of those that were counted."""
    counted = [value.cpu() for value in values if value is not None]
    return torch.stack(counted).sum(dim=0) if counted else None


class ClassificationObjective(Objective):
    """Cross-entropy on one label an image, over the images that have one.

    Args:
        classes: how many.
        loss: that trains.
        is_partial: whether images may lack their label.
    """

    def __init__(self, classes: int, loss: LabelLoss, *, is_partial: bool = False) -> None:
        self.classes = classes
        self._loss = loss
        self._is_partial = is_partial

    def train_losses(self, outputs: Outputs, targets: Targets) -> Losses:
        """Smoothed or weighted as configured."""
        return self._losses(outputs, targets, self._loss)

    def plain_losses(self, outputs: Outputs, targets: Targets) -> Losses:
        """Mean negative log-likelihood."""
        return self._losses(outputs, targets, _log_loss)

    def labelled(self, targets: Targets) -> dict[str, int]:
        """How many items have a label."""
        label = targets[LABEL]
        return {LABEL: int((label != MISSING).sum()) if self._is_partial and label.ndim == 1 else len(label)}

    def _losses(self, outputs: Outputs, targets: Targets, loss: LabelLoss) -> dict[str, Loss]:
        items = self.labelled(targets)[LABEL]
        logits, label = labelled(only_tensor(outputs), targets[LABEL], items)
        return {LABEL: Loss(loss(logits, label) if items else logits.float().sum(), items)}

    def tally(self) -> ClassificationTally:
        """An empty tally."""
        return ClassificationTally(self.classes)


def labelled(logits: Tensor, label: Tensor, items: int) -> tuple[Tensor, Tensor]:
    """Logits and labels of the items that have a label, where not all do."""
    if items == len(label):
        return logits, label
    known = label != MISSING
    return logits[known], label[known]


def _log_loss(logits: Tensor, label: Tensor) -> Tensor:
    return F.cross_entropy(logits.float(), label)
