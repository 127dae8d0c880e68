"""What is explained of masks: one class of the pixels of an image."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sightline.errors import UsageError
from sightline.metrics.segmentation.predictions import MaskPredictions
from sightline.models.outputs import Outputs, only_tensor

BACKGROUND = "background"
"""The class that is explained only where no other is predicted."""
GOOD = 0.5
"""An image is right about a class from this IoU on."""


@dataclass(frozen=True)
class MaskExplanation:
    """See `tasks.results.Explanation`."""

    rows: NDArray[np.int64]
    targets: Tensor
    items: list[dict[str, object]]
    titles: list[str]
    right: list[bool]

    def score(self, outputs: Outputs, targets: Tensor) -> Tensor:
        """The mean logit of the class over the pixels that are called it."""
        return class_of_mask(outputs, targets)


def class_of_mask(outputs: Outputs, targets: Tensor) -> Tensor:
    """(n,) the mean logit of a class over the pixels of an image that the model calls it; 0 where it calls none so.

    So a map shows what speaks for the class where the model sees it, as Seg-Grad-CAM does (Vinogradova et al. 2020).

    Args:
        outputs: logits (n, classes, h, w).
        targets: (n,) the class of each image.
    """
    logits = only_tensor(outputs)
    called = logits.argmax(dim=1) == targets[:, None, None]
    of_class = logits.float()[torch.arange(len(logits), device=logits.device), targets]
    return (of_class * called).sum(dim=(1, 2)) / called.sum(dim=(1, 2)).clamp(min=1)


def chosen_class(name: str | None, names: Sequence[str]) -> int | None:
    """The class that `explain.mask_class` names, if it names one.

    Raises:
        UsageError: there is none of this name.
    """
    if name is None:
        return None
    if name not in names:
        raise UsageError(f"explain.mask_class={name} is no class of the masks; they have {', '.join(names)}")
    return list(names).index(name)


def most_called(called: NDArray[np.int64], names: Sequence[str]) -> NDArray[np.int64]:
    """(n,) the class that most pixels of each image are called; the background only where all of them are.

    Args:
        called: (n, classes) pixels by the predicted class.
        names: of the classes.
    """
    foreground = np.array([name.casefold() != BACKGROUND for name in names])
    first = np.where(foreground & (called > 0), called + called.sum(axis=1, keepdims=True), called)
    found: NDArray[np.int64] = first.argmax(axis=1)
    return found


def explanation(
    predictions: MaskPredictions, names: Sequence[str], chosen: int | None, classes: int, per_class: int
) -> MaskExplanation:
    """What is explained: of each class the images with its best and with its worst IoU.

    Args:
        predictions: of the split.
        names: of the classes.
        chosen: the class that alone is explained, or None: of each image the one that most pixels are called.
        classes: at most so many classes.
        per_class: images of either kind.
    """
    called, truth = predictions.confusions.sum(axis=1), predictions.confusions.sum(axis=2)
    rows = np.flatnonzero(called.sum(axis=1) > 0)
    target = most_called(called[rows], names)
    if chosen is not None:
        rows = np.flatnonzero(called[:, chosen] > 0)
        target = np.full(len(rows), chosen)
    right = predictions.confusions[rows, target, target]
    ious = right / (called[rows, target] + truth[rows, target] - right)
    some = [
        place
        for label in np.unique(target)[:classes]
        for place in _best_and_worst(np.flatnonzero(target == label), ious, per_class)
    ]
    items = [
        {
            "id": str(predictions.ids[rows[place]]),
            "target": int(target[place]),
            "iou": float(ious[place]),
            "right": bool(ious[place] >= GOOD),
        }
        for place in some
    ]
    titles = [f"{names[target[place]]}\nIoU {ious[place]:.0%}" for place in some]
    targets = torch.from_numpy(target[some].astype(np.int64))
    return MaskExplanation(rows[some], targets, items, titles, [bool(ious[place] >= GOOD) for place in some])


def _best_and_worst(places: NDArray[np.int64], ious: NDArray[np.float64], count: int) -> list[int]:
    order: list[int] = places[np.argsort(-ious[places], kind="stable")].tolist()
    return order[:count] + order[count:][-count:]
