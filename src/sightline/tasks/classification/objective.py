"""One label an image: what trains a model, and what an epoch is measured by."""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from sightline.data.targets import LABEL
from sightline.metrics.classification.confusion import monitored_scores
from sightline.models.outputs import Outputs, only_tensor
from sightline.tasks.objective import TallyState, Targets

Loss = Callable[[Tensor, Tensor], Tensor]


class ClassificationTally:
    """The loss, and scores from one confusion matrix.

    Mixed items count by their soft labels: an item that is 0.7 cat adds 0.7 to the row `cat`. Accuracy is then the
    mean label mass on the predicted class, which is plain accuracy wherever nothing was mixed.
    """

    def __init__(self, classes: int) -> None:
        self.classes = classes
        self._confusion: Tensor | None = None
        self._loss: Tensor | None = None

    def add(self, outputs: Outputs, targets: Targets, loss: Tensor) -> None:
        """Count a batch."""
        logits = only_tensor(outputs).detach()
        label = targets[LABEL]
        truth = F.one_hot(label, self.classes).double() if label.ndim == 1 else label.double()
        predicted = F.one_hot(logits.argmax(dim=1), self.classes).double()
        confusion = truth.T @ predicted
        total = loss.detach().double() * len(logits)
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


class ClassificationObjective:
    """Cross-entropy on one label an image.

    Args:
        classes: how many.
        loss: (logits (n, k), labels (n,) or soft (n, k)) to the mean loss that trains.
    """

    def __init__(self, classes: int, loss: Loss) -> None:
        self.classes = classes
        self._loss = loss

    def train_loss(self, outputs: Outputs, targets: Targets) -> Tensor:
        """Mean over the items, smoothed or weighted as configured."""
        return self._loss(only_tensor(outputs), targets[LABEL])

    def plain_loss(self, outputs: Outputs, targets: Targets) -> Tensor:
        """Mean negative log-likelihood."""
        return F.cross_entropy(only_tensor(outputs).float(), targets[LABEL])

    def tally(self) -> ClassificationTally:
        """An empty tally."""
        return ClassificationTally(self.classes)
