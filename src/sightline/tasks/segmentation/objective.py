"""A class for every pixel: what trains a model, and what an epoch is measured by."""

from collections.abc import Sequence

import torch
from torch import Tensor

from sightline.data.targets import MASK
from sightline.errors import RunFailedError
from sightline.metrics.classification.confusion import monitored_scores
from sightline.models.outputs import Outputs, only_tensor
from sightline.tasks.objective import Loss, Losses, Objective, TallyState, Targets
from sightline.tasks.segmentation.losses.counted import PixelLoss
from sightline.tasks.segmentation.losses.cross_entropy import CrossEntropy


class SegmentationTally:
    """The loss, and scores from one confusion matrix over the pixels of all images that count.

    Classes that are neither true nor predicted anywhere are in no mean.

    Args:
        classes: how many.
        ignore_index: the class id of pixels that do not count.
    """

    def __init__(self, classes: int, ignore_index: int) -> None:
        self._classes = classes
        self._ignore_index = ignore_index
        self._sums: dict[str, Tensor] = {}

    def add(self, outputs: Outputs, targets: Targets, losses: Losses) -> None:
        """Count a batch."""
        mean, items = losses[MASK]
        predicted, masks = only_tensor(outputs).argmax(dim=1), targets[MASK].long()
        # Pixels that do not count fall into a cell behind all others: a mask instead would make a device wait.
        cells = torch.where(masks == self._ignore_index, self._classes**2, masks * self._classes + predicted)
        counts = torch.bincount(cells.flatten(), minlength=self._classes**2 + 1)[:-1]
        found = {
            "confusion": counts.view(self._classes, self._classes),
            "loss": mean.detach().double() * items,
            "items": torch.tensor(items),
        }
        self._sums = {name: self._sums[name] + value for name, value in found.items()} if self._sums else found

    def metrics(self) -> dict[str, float]:
        """`loss`, and the metrics that the catalogue has training monitor."""
        if not self._sums or not self._sums["items"]:
            raise RunFailedError("no image that was measured has a mask with a pixel that counts")
        return {
            "loss": float(self._sums["loss"]) / float(self._sums["items"]),
            **monitored_scores(self._sums["confusion"].cpu().double().numpy(), "segmentation"),
        }

    def state_dict(self) -> TallyState:
        """The sums."""
        return dict(self._sums)

    def load_state_dict(self, state: TallyState) -> None:
        """Take the sums back."""
        self._sums = {name: value for name, value in state.items() if value is not None}

    def merged(self, states: Sequence[TallyState]) -> "SegmentationTally":
        """A tally of everything that several tallies counted."""
        total = SegmentationTally(self._classes, self._ignore_index)
        counted = [state for state in states if state]
        for name in counted[0] if counted else ():
            values = [value.cpu() for state in counted if (value := state[name]) is not None]
            total._sums[name] = torch.stack(values).sum(dim=0)
        return total


class SegmentationObjective(Objective):
    """Losses of masks, each of one image, in the mean over the images that have a mask.

    Args:
        classes: how many.
        ignore_index: the class id of pixels that do not count; an image of these alone has no mask.
        loss: that trains.
    """

    def __init__(self, classes: int, ignore_index: int, loss: PixelLoss) -> None:
        self._classes = classes
        self._ignore_index = ignore_index
        self._loss = loss
        self._plain = CrossEntropy(ignore_index)

    def train_losses(self, outputs: Outputs, targets: Targets) -> Losses:
        """The configured sum."""
        return self._losses(outputs, targets, self._loss)

    def plain_losses(self, outputs: Outputs, targets: Targets) -> Losses:
        """Cross-entropy, in the mean over the pixels of each image."""
        return self._losses(outputs, targets, self._plain)

    def labelled(self, targets: Targets) -> dict[str, int]:
        """How many images have a pixel that counts."""
        return {MASK: int(self._known(targets[MASK]).sum())}

    def _known(self, masks: Tensor) -> Tensor:
        return (masks != self._ignore_index).flatten(1).any(dim=1)

    def _losses(self, outputs: Outputs, targets: Targets, loss: PixelLoss) -> Losses:
        """In float32, whatever the precision of the logits."""
        logits, masks = only_tensor(outputs), targets[MASK]
        known = self._known(masks)
        items = int(known.sum())
        if items < len(masks):
            logits, masks = logits[known], masks[known]
        logits = logits.float()
        return {MASK: Loss(loss(logits, masks.long()).mean() if items else logits.sum(), items)}

    def tally(self) -> SegmentationTally:
        """An empty tally."""
        return SegmentationTally(self._classes, self._ignore_index)
