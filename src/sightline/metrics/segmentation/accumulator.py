"""IoU, Dice and friends on a loop of one's own: `update` with each batch, `compute`, `reset`."""

from collections.abc import Sequence
from typing import SupportsIndex

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sightline.metrics.intervals.interval import Interval
from sightline.metrics.intervals.resampling import Resampling, group_codes
from sightline.metrics.segmentation.scoring import SHARES, ScoredMasks, Share

IGNORED = 255
"""The label that counts for nothing unless another is named."""


class MaskMetrics:
    """A confusion matrix of each image, and every score of all of them.

    Scores are of all images together, not means over batches. Names are those of `sightline.metrics.catalogue`:
    `mean_iou`, `pixel_accuracy`, `image_iou` and so on.

    Args:
        classes: how many there are.
        ignore_index: the label of pixels that count for nothing, or None where every pixel counts.

    Raises:
        ValueError: fewer than two classes.
    """

    def __init__(self, classes: int, ignore_index: int | None = IGNORED) -> None:
        if classes < 2:
            raise ValueError(f"{classes} classes; it takes two at least, the background being one")
        self.classes, self.ignore_index = classes, ignore_index
        self._confusions: list[NDArray[np.int64]] = []

    def update(self, predicted: ArrayLike, target: ArrayLike) -> None:
        """Count a batch; NumPy arrays, or tensors on the CPU.

        Args:
            predicted: (B, classes, H, W) logits or probabilities, or (B, H, W) labels.
            target: (B, H, W) labels.

        Raises:
            ValueError: shapes do not fit, or a label is no class.
        """
        answers, truth = np.asarray(predicted), np.asarray(target)
        if answers.ndim == 4 and answers.shape[1] == self.classes:
            answers = answers.argmax(axis=1)
        if answers.shape != truth.shape or truth.ndim != 3:
            raise ValueError(
                f"predicted {np.shape(predicted)} for target {truth.shape}; it takes (B, {self.classes}, H, W) or "
                "(B, H, W) for (B, H, W)"
            )
        self._confusions += [
            confusion_of(one, other, self.classes, self.ignore_index) for one, other in zip(answers, truth, strict=True)
        ]

    def compute(self) -> dict[str, float]:
        """Every score by name; NaN where no pixel counted."""
        return self._scored().values()

    def per_class(self) -> dict[Share, NDArray[np.float64]]:
        """IoU, Dice, precision and recall, each (classes,); NaN where a class has none."""
        scored, resampling = self._scored(), Resampling(0.95, 1, 0)
        return {share: np.array([one.value for one in scored.of_classes(share, resampling)]) for share in SHARES}

    def intervals(
        self, level: float = 0.95, groups: Sequence[str | SupportsIndex] | None = None
    ) -> dict[str, Interval]:
        """Every score with limits, which are about the population of images.

        Args:
            level: their confidence.
            groups: what each image belongs to (a patient, a video), in the order of the updates.
        """
        codes = None if groups is None else group_codes(np.array([str(one) for one in groups]), len(self._confusions))
        return self._scored().intervals(Resampling(level, 1, 0, codes))

    def reset(self) -> None:
        """Forget every batch."""
        self._confusions.clear()

    def _scored(self) -> ScoredMasks:
        none = np.zeros((0, self.classes, self.classes), dtype=np.int64)
        return ScoredMasks(np.stack(self._confusions) if self._confusions else none)


def confusion_of(
    predicted: NDArray[np.generic], truth: NDArray[np.generic], classes: int, ignore_index: int | None
) -> NDArray[np.int64]:
    """(classes, classes) pixels of an image by their class and the predicted one, but for those that are ignored.

    Args:
        predicted: (H, W) labels.
        truth: (H, W) labels.
        classes: how many there are.
        ignore_index: the label in `truth` of pixels that count for nothing, or None.

    Raises:
        ValueError: a label is no class.
    """
    counted = np.ones(truth.shape, dtype=np.bool_) if ignore_index is None else np.not_equal(truth, ignore_index)
    own, answers = truth[counted].astype(np.int64), predicted[counted].astype(np.int64)
    for name, labels in (("target", own), ("predicted", answers)):
        if len(labels) and not (labels.min() >= 0 and labels.max() < classes):
            wrong = labels.max() if labels.max() >= classes else labels.min()
            raise ValueError(f"{name} holds the label {wrong}; {classes} classes count from 0")
    return np.bincount(own * classes + answers, minlength=classes**2).reshape(classes, classes)
