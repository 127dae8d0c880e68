"""What is explained of masks: one class of the pixels of an image."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sightline.errors import UsageError
from sightline.explain.quality.confidence import mask_probability
from sightline.explain.targets import NONE, classes_of, difference, named_class, set_against
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

    def confidence(self, outputs: Outputs, targets: Tensor, untouched: Outputs) -> Tensor:
        """The mean probability of the class over the pixels that were called it."""
        return mask_probability(outputs, targets, untouched)


def class_of_mask(outputs: Outputs, targets: Tensor) -> Tensor:
    """(n,) the mean logit of a class over the pixels of an image that the model calls it; 0 where it calls none so.

    Set against another class, it is the mean of the difference of their logits over these pixels.
    So a map shows what speaks for the class where the model sees it, as Seg-Grad-CAM does (Vinogradova et al. 2020).

    Args:
        outputs: logits (n, classes, h, w).
        targets: (n,) the class of each image; or (n, 2), see `explain.targets.class_logit`.
    """
    logits, classes = only_tensor(outputs), classes_of(targets)
    called = logits.argmax(dim=1, keepdim=True) == classes[:, :1, None, None]
    chosen = logits.float()[torch.arange(len(logits), device=logits.device)[:, None], classes]
    return difference((chosen * called).sum(dim=(2, 3)) / called.sum(dim=(2, 3)).clamp(min=1), targets)


def chosen_class(name: str | None, names: Sequence[str]) -> int | None:
    """The class that `explain.mask_class` names, if it names one.

    Raises:
        UsageError: there is none of this name.
    """
    return named_class("explain.mask_class", name, names)


def other_class(name: str | None, names: Sequence[str], chosen: str | None) -> int | None:
    """The class that `explain.versus` names, if it names one.

    Raises:
        UsageError: there is none of this name, or `explain.mask_class` is the same.
    """
    if name is not None and name == chosen:
        raise UsageError(f"explain.versus={name} is the class that explain.mask_class names; name another, or neither")
    return named_class("explain.versus", name, names)


def targets_of(target: NDArray[np.int64], called: NDArray[np.int64], versus: int | None) -> Tensor:
    """(n,) or (n, 2) what is explained: a class alone, or set against another; see `explain.targets.set_against`.

    Args:
        target: (n,) the class of each image.
        called: (n, classes) pixels by the predicted class; a class without any is no next best.
        versus: the class that it is set against.
    """
    scores = torch.from_numpy(np.where(called > 0, called, -np.inf))
    return set_against(torch.from_numpy(target.astype(np.int64)), scores, versus)


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
    predictions: MaskPredictions,
    names: Sequence[str],
    chosen: int | None,
    classes: int,
    per_class: int,
    versus: int | None = None,
) -> MaskExplanation:
    """What is explained: of each class the images with its best and with its worst IoU.

    Args:
        predictions: of the split.
        names: of the classes.
        chosen: the class that alone is explained, or None: of each image the one that most pixels are called.
        classes: at most so many classes.
        per_class: images of either kind.
        versus: the class that it is set against, or None.
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
    targets = targets_of(target[some], called[rows[some]], versus)
    others = [NONE] * len(some) if versus is None else targets[:, 1].tolist()
    items = [
        {
            "id": str(predictions.ids[rows[place]]),
            "target": int(target[place]),
            "iou": float(ious[place]),
            "right": bool(ious[place] >= GOOD),
            **({} if versus is None else {"versus": other}),
        }
        for place, other in zip(some, others, strict=True)
    ]
    titles = [
        f"{names[target[place]]}{'' if other == NONE else f', not {names[other]}'}\nIoU {ious[place]:.0%}"
        for place, other in zip(some, others, strict=True)
    ]
    return MaskExplanation(rows[some], targets, items, titles, [bool(ious[place] >= GOOD) for place in some])


def _best_and_worst(places: NDArray[np.int64], ious: NDArray[np.float64], count: int) -> list[int]:
    order: list[int] = places[np.argsort(-ious[places], kind="stable")].tolist()
    return order[:count] + order[count:][-count:]
