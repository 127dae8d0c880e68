"""What another tool says of a split, whatever file it came in."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sightline.errors import UsageError
from sightline.metrics.predictions import Predictions
from sightline.metrics.segmentation.predictions import MaskPredictions

MOST_CLASSES = 2**31
"""No label reaches it; larger ones are ids in the wrong column."""


@dataclass(frozen=True)
class PredictionFile:
    """What another tool says of a split.

    Attributes:
        predictions: of n items.
        groups: (n,) what each item belongs to (a patient, a video); None where the file does not say.
        class_names: in the order of the logits; None where the file does not say.
        notes: what a reader of the numbers must know of how the file was read.
    """

    predictions: Predictions | MaskPredictions
    groups: NDArray[np.str_] | None
    class_names: tuple[str, ...] | None
    notes: tuple[str, ...]

    @property
    def of_masks(self) -> bool:
        """Whether it says a class of every pixel."""
        return isinstance(self.predictions, MaskPredictions)

    @property
    def classes(self) -> int:
        """How many there are."""
        found = self.predictions
        return int(found.confusions.shape[1] if isinstance(found, MaskPredictions) else found.logits.shape[1])


def check(file: PredictionFile, path: Path) -> None:
    """Refuse a file without items, ids that repeat, labels without a class, classes of one name."""
    ids, width = file.predictions.ids, file.classes
    if not len(ids):
        raise UsageError(f"{path} holds no items")
    if len(np.unique(ids)) < len(ids):
        raise UsageError(f"{path}: an id stands there twice; every item needs one of its own")
    labels = file.predictions.labels if isinstance(file.predictions, Predictions) else np.zeros(1, dtype=np.int64)
    if labels.min() < 0 or labels.max() >= width:
        outside = int(np.argmax((labels < 0) | (labels >= width)))
        raise UsageError(f"{path}: the label of {ids[outside]} is {labels[outside]}; {width} classes count from 0")
    if file.class_names is not None and len(set(file.class_names)) < width:
        raise UsageError(f"{path}: class names are {', '.join(file.class_names[:8])}; it takes {width} different ones")
