"""Every metric there is, and what is true of it: the one place that configuration, training, sweeps and reports ask.

The order is that of every table and file. Free of torch, scipy and pydantic, since even `--help` passes through here.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Limits = Literal["Wilson", "resampled Wilson", "percentile", "inverted test", "centred"]
"""How an interval is found; `Scored.intervals` says what each is."""


@dataclass(frozen=True, kw_only=True)
class Metric:
    """What a metric is called, how it is written, what it can be and how its interval is found.

    Attributes:
        name: its key in every file.
        label: what people call it.
        meaning: one plain sentence.
        short: the label within a sentence, where that is another.
        task: the task that it measures.
        higher_is_better: its direction.
        lowest: the least that it can be.
        highest: the most that it can be.
        undershoot: how far below `lowest` an estimate may lie.
        percent: whether it is written as percent.
        digits: after the point.
        limits: how its interval is found; None for one that `evaluate` does not report among its metrics.
        judges_probabilities: whether it judges how true the probabilities are, not the answers and their order.
        per_class: the key of the same score of a single class, if it has one.
        monitored: whether training measures it after each epoch, as `train_<name>` and `val_<name>`.
        headline: whether it is among the numbers that a report begins with.
    """

    name: str
    label: str
    meaning: str
    short: str = ""
    task: str = "classification"
    higher_is_better: bool = True
    lowest: float = 0.0
    highest: float = 1.0
    undershoot: float = 0.0
    percent: bool = True
    digits: int = 1
    limits: Limits | None = "resampled Wilson"
    judges_probabilities: bool = False
    per_class: str | None = None
    monitored: bool = False
    headline: bool = False

    @property
    def sign(self) -> float:
        """What a value is multiplied with so that less is better."""
        return -1.0 if self.higher_is_better else 1.0

    @property
    def span(self) -> float:
        """How far apart two values can be."""
        return self.highest - self.lowest

    @property
    def smallest(self) -> float:
        """The least that an estimate can be."""
        return self.lowest - self.undershoot


def _error(name: str, label: str, meaning: str, limits: Limits, digits: int = 2, undershoot: float = 0.0) -> Metric:
    """A calibration error."""
    return Metric(
        name=name, label=label, meaning=meaning, limits=limits, digits=digits, undershoot=undershoot,
        higher_is_better=False, judges_probabilities=True,
    )  # fmt: skip


_ALL: Final = (
    Metric(
        name="loss", label="Loss", short="loss", meaning="what validation is judged by, free of training's options",
        higher_is_better=False, highest=math.inf, percent=False, digits=4, limits=None, monitored=True,
    ),
    Metric(
        name="accuracy", label="Accuracy", short="accuracy", meaning="share of images named correctly",
        limits="Wilson", monitored=True, headline=True,
    ),
    Metric(
        name="top5_accuracy", label="Top-5 accuracy", limits="Wilson",
        meaning="share of images whose class is among the five likeliest",
    ),
    Metric(name="balanced_accuracy", label="Balanced accuracy", meaning="accuracy with every class counting the same"),
    Metric(
        name="precision_macro", label="Precision, mean of classes", per_class="precision",
        meaning="of what is called a class, the share that is one",
    ),
    Metric(
        name="recall_macro", label="Recall, mean of classes", per_class="recall",
        meaning="of a class, the share that is found",
    ),
    Metric(
        name="f1_macro", label="F1, mean of classes", short="macro F1", per_class="f1", monitored=True, headline=True,
        meaning="precision and recall in one, every class counting the same",
    ),
    Metric(name="f1_weighted", label="F1, weighted", meaning="F1 with classes weighted by their images"),
    Metric(
        name="f1_micro", label="F1, micro", limits="Wilson",
        meaning="F1 over all images together; equals accuracy for one label an image",
    ),
    Metric(
        name="roc_auc_ovr", label="ROC AUC, one against rest", per_class="roc_auc", percent=False, digits=4,
        meaning="chance that an image of a class scores above one of another",
    ),
    Metric(
        name="log_loss", label="Log loss", meaning="penalty on probability denied to the truth; lower is better",
        higher_is_better=False, highest=math.inf, percent=False, digits=4, limits="percentile",
        judges_probabilities=True,
    ),
    Metric(
        name="brier", label="Brier score", meaning="squared error of the probabilities; lower is better",
        higher_is_better=False, highest=2.0, percent=False, digits=4, limits="percentile", judges_probabilities=True,
    ),
    _error("ece", "ECE", "average gap between confidence and accuracy, bins of equal width", "inverted test"),
    _error("ece_debiased", "ECE, debiased", "the same with the part due to chance taken off", "inverted test", 2, 1.0),
    _error("ece_adaptive", "ECE, adaptive", "the same with bins of equal count", "centred"),
    _error("ece_classwise", "ECE, class-wise", "the same for every class's probability, then averaged", "centred"),
    _error("mce", "MCE", "the largest gap of any bin", "centred", 1),
    Metric(
        name="aurc", label="AURC", meaning="mean share of wrong answers over all shares answered, the surest first",
        higher_is_better=False, digits=2, limits=None,
    ),
)  # fmt: skip

METRICS: Final[Mapping[str, Metric]] = {metric.name: metric for metric in _ALL}
"""Every metric by name."""
MEASURED: Final = tuple(metric.name for metric in _ALL if metric.limits is not None)
"""What `evaluate` reports with an interval, and `compare` may be about."""
HEADLINES: Final = tuple(metric.name for metric in _ALL if metric.headline)
"""What a report begins with, the most important one first."""
MONITORED: Final = tuple(f"val_{metric.name}" for metric in _ALL if metric.monitored)
"""What may choose the epoch that is kept, stop a training or be searched for: columns of the epoch rows."""


def monitored(column: str) -> Metric:
    """The metric behind a column of the epoch rows, such as `val_accuracy`."""
    return METRICS[column.removeprefix("val_").removeprefix("train_")]


def of_class(key: str) -> Metric:
    """The metric whose score of a single class has this key, such as `f1`."""
    return next(metric for metric in _ALL if metric.per_class == key)
