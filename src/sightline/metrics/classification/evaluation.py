"""The content of `evaluation.json` for classification: every score with its interval, per class, and the notes."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sightline.metrics.classification.binned import BinnedPredictions
from sightline.metrics.classification.checks import check
from sightline.metrics.classification.class_shares import ClassAnswers
from sightline.metrics.classification.confusion import confusion_matrix
from sightline.metrics.classification.scoring import Scored
from sightline.metrics.documents.evaluation import ClassScores, Measured
from sightline.metrics.intervals.interval import Interval, undefined, wilson_share
from sightline.metrics.intervals.resampling import Resampling
from sightline.metrics.predictions import Predictions

Ints = NDArray[np.int64]

SMALL_CLASS = 30
"""Below so many items of a class, resampling tells little about it."""


def evaluate_classification(
    predictions: Predictions, *, class_names: Sequence[str], resampling: Resampling, bins: int = 15
) -> Measured:
    """Measure predictions: `metrics`, `per_class`, `confusion` and `notes`, ready for JSON.

    Args:
        predictions: outputs and truth of n items.
        class_names: one for each column of the logits.
        resampling: how intervals are found.
        bins: of the calibration errors.

    Raises:
        UsageError: the predictions are none, do not fit the class names, or hold numbers that are not finite.
    """
    check(predictions, len(class_names))
    binned = BinnedPredictions.of(predictions.probabilities(), bins, predictions.logits.argmax(axis=1))
    scored = Scored(binned, predictions.labels)
    metrics = scored.intervals(resampling)
    confusion = confusion_matrix(predictions.labels, binned.predicted, len(class_names))
    return {
        "metrics": {name: interval.to_json() for name, interval in metrics.items()},
        "per_class": _per_class(scored, class_names, resampling),
        "confusion": confusion.tolist(),
        "notes": _notes(scored, class_names, confusion, resampling.n_groups),
    }


def _per_class(scored: Scored, class_names: Sequence[str], resampling: Resampling) -> list[ClassScores]:
    """Support, precision, recall and F1 with Wilson's limits, and the area under the ROC curve of each class.

    F1 = 2 J / (1 + J) where J is the share of right items among those that are the class or are called it, so the
    limits of that share are those of F1. A class without items has neither recall nor F1, one that is never predicted
    no precision.
    """
    groups = resampling.groups
    answers = ClassAnswers(scored.labels, scored.binned.predicted, scored.binned.classes, groups)
    recall, precision, jaccard = (_shares(answers, of, resampling) for of in ("recall", "precision", "f1"))
    areas = scored.areas(groups)
    area_limits = _wilson(areas.per_class, areas.sizes, resampling)
    return [
        {
            "class": str(name),
            "support": int(support),
            "precision": precision[index].to_json(),
            "recall": recall[index].to_json(),
            "f1": (_f1(jaccard[index]) if support else undefined(resampling.level)).to_json(),
            "roc_auc": float(area) if np.isfinite(area) else None,
            "roc_auc_limits": area_limits[index].to_json(),
        }
        for index, (name, area, support) in enumerate(zip(class_names, areas.per_class, answers.truth, strict=True))
    ]


def _shares(answers: ClassAnswers, of: str, resampling: Resampling) -> list[Interval]:
    """For each class the share of right items among those it owns; not defined where it owns none."""
    return _wilson(*answers.shares(of), resampling)


def _wilson(shares: NDArray[np.float64], sizes: NDArray[np.float64], resampling: Resampling) -> list[Interval]:
    """Limits of shares that rest on so many items; not defined where there are none."""
    level, method = resampling.level, resampling.named("Wilson")
    return [
        wilson_share(float(share), float(size) / resampling.caution**2, level, method) if size else undefined(level)
        for share, size in zip(shares, sizes, strict=True)
    ]


def _f1(jaccard: Interval) -> Interval:
    value, low, high = (2 * share / (1 + share) for share in (jaccard.value, jaccard.low, jaccard.high))
    return Interval(value, low, high, jaccard.level, jaccard.method)


def _notes(scored: Scored, class_names: Sequence[str], confusion: Ints, n_groups: int | None) -> list[str]:
    """What a reader must know about the numbers."""
    truth = confusion.sum(axis=1)
    predicted = confusion.sum(axis=0)
    names = np.asarray(class_names, dtype=object)
    notes = ["Intervals are about this trained model and the population of these items, not about training it anew."]
    if (truth == 0).any():
        notes.append("Means over classes are about the classes that occur here.")
    if n_groups is not None:
        notes.append(f"Items come in {n_groups} groups; whole groups were resampled.")
    if absent := _listed(names[truth == 0]):
        notes.append(
            f"No items of {absent}: left out of roc_auc_ovr and balanced_accuracy, and of the macro scores "
            "where never predicted either."
        )
    if silent := _listed(names[(truth > 0) & (predicted == 0)]):
        notes.append(f"Never predicted: {silent}. They have no precision, which counts as 0 in precision_macro.")
    if not np.isfinite(scored.auc.macro):
        notes.append("roc_auc_ovr is not defined: no class has both items and others beside it.")
    if small := int(((truth > 0) & (truth < SMALL_CLASS)).sum()):
        notes.append(
            f"{small} of {len(names)} classes have fewer than {SMALL_CLASS} items: little is known of them, and "
            "intervals of the means over classes are as wide as that makes them."
        )
    notes.append(
        f"Calibration errors use {scored.binned.bins} bins of the answer's probability. ece, ece_adaptive, "
        "ece_classwise and mce lie above the truth by chance alone; ece_debiased averages 0 for a calibrated model "
        "and may be negative. brier is summed over classes, between 0 and 2."
    )
    return notes


def _listed(names: NDArray[np.object_], most: int = 10) -> str:
    """Up to `most` names in one line; empty for none."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(str, names[:most])) + more
