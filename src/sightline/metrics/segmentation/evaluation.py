"""What `evaluation.json` says of masks: every score with its limits, per class, per image and per data set."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sightline.errors import UsageError
from sightline.metrics.documents.segmentation import ImageExtremes, ImageScores, MaskClassScores, MeasuredMasks
from sightline.metrics.intervals.ratios import effective
from sightline.metrics.intervals.resampling import Resampling
from sightline.metrics.segmentation.predictions import MaskPredictions
from sightline.metrics.segmentation.scoring import SHARES, ScoredMasks

EXTREMES = 8
"""How many of the worst, the median and the best images are named."""
FEW_IMAGES = 10
"""Where a class, or most pixels, lie in fewer images than these, little is known."""
ABOUT = (
    "Intervals are about this trained model and the population of these images, not about training it anew; "
    "pixels of an image belong together."
)
MOST_NAMED = 10
"""Names that a sentence holds."""


def evaluate_masks(
    predictions: MaskPredictions, *, class_names: Sequence[str], resampling: Resampling
) -> MeasuredMasks:
    """Measure masks, ready for JSON.

    Args:
        predictions: of n images.
        class_names: one for each row of the confusion matrices.
        resampling: how sure limits are, and which images belong together.

    Raises:
        UsageError: there are no images, none has a pixel that counts, or they do not fit the class names.
    """
    check_masks(predictions, len(class_names))
    scored = ScoredMasks(predictions.confusions)
    if not scored.counted.any():
        raise UsageError(
            f"all pixels of the {len(predictions)} images are ignored: there is nothing to measure; check which number "
            "the masks of the truth hold where pixels do not count"
        )
    absent = [name for name, occurs in zip(class_names, scored.occurs, strict=True) if not occurs]
    per_class = _per_class(scored, class_names, resampling)
    return {
        "n": int(scored.counted.sum()),
        "unlabelled": int((~scored.counted).sum()),
        "pixels": {
            "counted": int(predictions.confusions.sum()),
            "ignored": int(predictions.ignored[scored.counted].sum()),
        },
        "metrics": {name: interval.to_json() for name, interval in scored.intervals(resampling).items()},
        "per_class": per_class,
        "absent": absent,
        "confusion": predictions.confusions.sum(axis=0).tolist(),
        "images": extremes(predictions, scored),
        "notes": _notes(scored, per_class, absent, resampling),
    }


def check_masks(predictions: MaskPredictions, classes: int | None = None) -> None:
    """Refuse predictions from which no number can follow.

    Raises:
        UsageError: there are no images, or their confusion matrices have another shape.
    """
    shape = predictions.confusions.shape
    width = shape[-1] if classes is None else classes
    if not len(predictions) or shape != (len(predictions), width, width):
        raise UsageError(f"masks: confusions {shape} for {len(predictions)} images of {width} classes")


def _per_class(scored: ScoredMasks, names: Sequence[str], resampling: Resampling) -> list[MaskClassScores]:
    """Pixels, images, IoU, Dice, precision and recall of each class."""
    shares = {share: scored.of_classes(share, resampling) for share in SHARES}
    images = (scored.sums["truth"] > 0).sum(axis=1)
    return [
        {
            "class": str(name),
            "pixels": int(scored.total["truth"][index]),
            "predicted": int(scored.total["predicted"][index]),
            "images": int(images[index]),
            "iou": shares["iou"][index].to_json(),
            "dice": shares["dice"][index].to_json(),
            "precision": shares["precision"][index].to_json(),
            "recall": shares["recall"][index].to_json(),
        }
        for index, name in enumerate(names)
    ]


def extremes(predictions: MaskPredictions, scored: ScoredMasks | None = None) -> ImageExtremes:
    """The worst, the median and the best images; ties in the order of ids, so that files are alike.

    Args:
        predictions: of the images.
        scored: the same, where they are scored already.
    """
    scored = scored or ScoredMasks(predictions.confusions)
    ids = predictions.ids[scored.counted]
    truth = scored.sums["truth"].sum(axis=0)
    order = np.lexsort((ids, scored.by_image["image_iou"])).astype(np.int64)
    middle = max(0, (len(order) - EXTREMES) // 2)

    def of(places: NDArray[np.int64]) -> list[ImageScores]:
        return [
            {
                "id": str(ids[place]),
                "pixels": int(truth[place]),
                "iou": float(scored.by_image["image_iou"][place]),
                "dice": float(scored.by_image["image_dice"][place]),
                "accuracy": float(scored.by_image["image_accuracy"][place]),
            }
            for place in places
        ]

    return {
        "worst": of(order[:EXTREMES]),
        "median": of(order[middle : middle + EXTREMES]),
        "best": of(order[::-1][:EXTREMES]),
    }


def _notes(
    scored: ScoredMasks, per_class: Sequence[MaskClassScores], absent: Sequence[str], resampling: Resampling
) -> list[str]:
    """What a reader must know about the numbers."""
    n = int(scored.counted.sum())
    notes = [ABOUT]
    if (n_groups := resampling.among(scored.counted).n_groups) is not None:
        notes.append(f"Images come in {n_groups} groups, which were left out as a whole.")
    if absent:
        notes.append(f"Neither true nor predicted anywhere: {_listed(absent)}. No mean is about them.")
    if unseen := [row["class"] for row in per_class if not row["pixels"] and row["predicted"]]:
        notes.append(
            f"Predicted but never true: {_listed(unseen)}. IoU and Dice are 0, and count so in the means; "
            "mean recall leaves them out."
        )
    if silent := [row["class"] for row in per_class if row["pixels"] and not row["predicted"]]:
        notes.append(f"Never predicted: {_listed(silent)}. They have no precision, which counts as 0 in its mean.")
    if few := [f"{row['class']} ({row['images']})" for row in per_class if 0 < row["images"] < FEW_IMAGES]:
        notes.append(f"In fewer than {FEW_IMAGES} images: {_listed(few)}. Little is known of them.")
    if unlabelled := int((~scored.counted).sum()):
        notes.append(f"{left_out(unlabelled)}.")
    worth = float(effective(scored.sums["truth"].sum(axis=0)[:, None])[0])
    if worth < min(FEW_IMAGES, n / 3):
        notes.append(
            f"Few large images hold most of the pixels: {n} of them are worth "
            f"{worth:.1f} of one size, and intervals of what is computed from all pixels may be too narrow."
        )
    notes.append(
        "The mean IoU of all pixels together counts an image by its size; that per image counts every image the same, "
        "over the classes which occur in it."
    )
    return notes


def left_out(unlabelled: int) -> str:
    """`3 images have no mask, or none of its pixels counts: left out`."""
    have = "image has" if unlabelled == 1 else "images have"
    return f"{unlabelled:,} {have} no mask, or none of its pixels counts: left out"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more
