"""Every metric there is, and what is true of it: the one place that configuration, training, sweeps and reports ask.

A new metric is a function of the sums in `metrics/scores/` and an entry here. The order is that of every table and
file. Free of torch, scipy and pydantic, since even `--help` passes through here.
"""

import math
from collections.abc import Mapping
from typing import Final

from sightline.metrics.metric import ClassMean, Metric
from sightline.metrics.scores import counts, pixels, probabilities
from sightline.metrics.scores.items import brier_scores, log_losses, right_answers, top5_hits

MASKS: Final = "segmentation"
"""The task that metrics of masks are of."""

_ALL: Final = (
    Metric(
        name="loss", label="Loss", short="loss", meaning="what validation is judged by, free of training's options",
        higher_is_better=False, highest=math.inf, percent=False, digits=4, limits=None, monitored=True,
    ),
    Metric(
        name="accuracy", label="Accuracy", short="accuracy", meaning="share of images named correctly",
        score=counts.accuracy, hits=right_answers, limits="Wilson", monitored=True, headline=True,
    ),
    Metric(
        name="top5_accuracy", label="Top-5 accuracy", hits=top5_hits, fewest_classes=6, limits="Wilson",
        meaning="share of images whose class is among the five likeliest",
    ),
    Metric(
        name="balanced_accuracy", label="Balanced accuracy", meaning="accuracy with every class counting the same",
        score=counts.balanced_accuracy, limits="classes", mean=ClassMean("recall", "seen"),
    ),
    Metric(
        name="precision_macro", label="Precision, mean of classes", per_class="precision", score=counts.precision_macro,
        limits="classes", mean=ClassMean("precision", "occurring"),
        meaning="of what is called a class, the share that is one",
    ),
    Metric(
        name="recall_macro", label="Recall, mean of classes", per_class="recall", score=counts.recall_macro,
        limits="classes", mean=ClassMean("recall", "occurring"),
        meaning="of a class, the share that is found",
    ),
    Metric(
        name="f1_macro", label="F1, mean of classes", short="macro F1", per_class="f1", score=counts.f1_macro,
        limits="classes", mean=ClassMean("f1", "occurring"),
        meaning="precision and recall in one, every class counting the same", monitored=True, headline=True,
    ),
    Metric(
        name="f1_weighted", label="F1, weighted", meaning="F1 with classes weighted by their images",
        score=counts.f1_weighted, limits="classes", mean=ClassMean("f1", "support"),
    ),
    Metric(
        name="f1_micro", label="F1, micro", score=counts.accuracy, hits=right_answers, limits="Wilson",
        meaning="F1 over all images together; equals accuracy for one label an image",
    ),
    Metric(
        name="roc_auc_ovr", label="ROC AUC, one against rest", per_class="roc_auc", percent=False, digits=4,
        score=probabilities.roc_auc_ovr, needs=("area",), limits="classes", mean=ClassMean("area", "seen"),
        meaning="chance that an image of a class scores above one of another",
    ),
    Metric(
        name="log_loss", label="Log loss", meaning="penalty on probability denied to the truth; lower is better",
        score=probabilities.log_loss, needs=("log_loss",), losses=log_losses, limits="mean", higher_is_better=False,
        highest=math.inf, percent=False, digits=4, judges_probabilities=True,
    ),
    Metric(
        name="brier", label="Brier score", meaning="squared error of the probabilities; lower is better",
        score=probabilities.brier, needs=("brier",), losses=brier_scores, limits="mean", higher_is_better=False,
        highest=2.0, percent=False, digits=4, judges_probabilities=True,
    ),
    Metric(
        name="ece", label="ECE", meaning="average gap between confidence and accuracy, bins of equal width",
        score=probabilities.ece, needs=("bin_residual", "bin_noise"), limits="inverted test", higher_is_better=False,
        digits=2, judges_probabilities=True,
    ),
    Metric(
        name="ece_debiased", label="ECE, debiased",
        meaning="the same with the part due to chance taken off, an estimator of this project: 0 on average for a "
        "calibrated model", score=probabilities.ece_debiased, needs=("bin_residual", "bin_noise"),
        limits="inverted test", higher_is_better=False, undershoot=1.0, digits=2, judges_probabilities=True,
    ),
    Metric(
        name="ece_adaptive", label="ECE, adaptive", meaning="the same as ECE with bins of equal count",
        score=probabilities.ece_adaptive, needs=("mass_bin_residual",), limits="centred", higher_is_better=False,
        digits=2, judges_probabilities=True,
    ),
    Metric(
        name="ece_classwise", label="ECE, class-wise", meaning="the same for every class's probability, then averaged",
        score=probabilities.ece_classwise, needs=("class_bin_residual", "class_probability"), limits="centred",
        higher_is_better=False, digits=2, judges_probabilities=True,
    ),
    Metric(
        name="mce", label="MCE", meaning="the largest gap of any bin", score=probabilities.mce,
        needs=("bin_residual", "bin_count"), limits="centred", higher_is_better=False, judges_probabilities=True,
    ),
    Metric(
        name="aurc", label="AURC", meaning="mean share of wrong answers over all shares answered, the surest first",
        higher_is_better=False, digits=2, limits=None,
    ),
    Metric(
        name="mean_iou", label="Mean IoU", short="mean IoU", task=MASKS, per_class="iou", score=pixels.mean_iou,
        limits="mean of ratios", monitored=True, headline=True,
        meaning="of the pixels that are a class or called it, the share that is both, every class counting the same",
    ),
    Metric(
        name="mean_dice", label="Mean Dice", task=MASKS, per_class="dice", score=pixels.mean_dice,
        limits="mean of ratios", meaning="F1 of pixels, every class counting the same",
    ),
    Metric(
        name="mean_precision", label="Mean precision of pixels", task=MASKS, score=pixels.mean_precision,
        limits="mean of ratios", meaning="of the pixels called a class, the share that is one",
    ),
    Metric(
        name="mean_recall", label="Mean recall of pixels", task=MASKS, score=pixels.mean_recall,
        limits="mean of ratios", meaning="of the pixels of a class, the share that is found",
    ),
    Metric(
        name="micro_iou", label="IoU, micro", task=MASKS, score=pixels.micro_iou, limits="ratio",
        meaning="IoU of all classes together, so that large ones decide",
    ),
    Metric(
        name="micro_dice", label="Dice, micro", task=MASKS, score=pixels.micro_dice, limits="ratio",
        meaning="Dice of all classes together; equals pixel accuracy",
    ),
    Metric(
        name="pixel_accuracy", label="Pixel accuracy", short="pixel accuracy", task=MASKS, score=counts.accuracy,
        limits="ratio", monitored=True, headline=True, meaning="share of pixels named correctly",
    ),
    Metric(
        name="image_iou", label="Mean IoU, per image", task=MASKS, limits="ratio",
        meaning="mean over images of the mean IoU of the classes in an image",
    ),
    Metric(
        name="image_dice", label="Mean Dice, per image", task=MASKS, limits="ratio",
        meaning="mean over images of the mean Dice of the classes in an image",
    ),
    Metric(
        name="image_accuracy", label="Pixel accuracy, per image", task=MASKS, limits="ratio",
        meaning="mean over images of the share of pixels named correctly",
    ),
)  # fmt: skip

METRICS: Final[Mapping[str, Metric]] = {metric.name: metric for metric in _ALL}
"""Every metric by name."""
MEASURED: Final = tuple(metric.name for metric in _ALL if metric.limits is not None)
"""What `evaluate` reports with an interval, and `compare` may be about, of any task."""
HEADLINES: Final = tuple(metric.name for metric in _ALL if metric.headline)
"""What a report begins with, the most important one first."""
MONITORED: Final = tuple(f"val_{metric.name}" for metric in _ALL if metric.monitored)
"""What may choose the epoch that is kept, stop a training or be searched for: columns of the epoch rows."""


def measured_of(task: str) -> tuple[str, ...]:
    """What `evaluate` reports of a task, in the order of every table."""
    return tuple(name for name in MEASURED if METRICS[name].task == task)


def first_of(task: str) -> str:
    """What a report of a task begins with: the first of its headlines."""
    return next(name for name in HEADLINES if METRICS[name].task == task)


def monitored(column: str) -> Metric:
    """The metric behind a column of the epoch rows, such as `val_accuracy`."""
    return METRICS[column.removeprefix("val_").removeprefix("train_")]


def of_class(key: str) -> Metric:
    """The metric whose score of a single class has this key, such as `f1`."""
    return next(metric for metric in _ALL if metric.per_class == key)
