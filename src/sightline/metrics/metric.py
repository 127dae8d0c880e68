"""What is true of a metric: how it is called and written, what it can be, and how its interval is found.

Free of torch, scipy and pydantic, as the catalogue of them is.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from sightline.metrics.scores.items import Hits, ItemLosses
from sightline.metrics.scores.sums import Block, Score

Limits = Literal["Wilson", "classes", "mean", "resampled Wilson", "inverted test", "centred", "ratio", "mean of ratios"]
"""How an interval is found; `Scored.intervals` says what each is, and `metrics/intervals/ratios.py` of ratios."""


class ClassMean(NamedTuple):
    """A score that is a mean over classes: of what, and over those seen, those seen or named, or weighted by items."""

    of: Literal["recall", "precision", "f1", "area"]
    over: Literal["seen", "occurring", "support"]


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
        score: its value from sums over items; None for one that is counted or computed elsewhere.
        needs: the sums behind the score, besides the counts of the classes and the total.
        hits: which items count, where it is a share of items.
        losses: what each item loses, where it is a mean over items.
        mean: of which scores of classes, where it is a mean over classes.
        fewest_classes: with fewer it says nothing and is left out.
        limits: how its interval is found; None for one that `evaluate` does not report among its metrics.
        judges_probabilities: whether it judges how true the probabilities are, not the answers and their order.
        per_class: the key of the same score of a single class, if it has one.
        monitored: whether training measures it after each epoch, as `train_<name>` and `val_<name>`; its score then
            takes the counts alone, which may be fractions of items.
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
    score: Score | None = None
    needs: tuple[Block, ...] = ()
    hits: Hits | None = None
    losses: ItemLosses | None = None
    mean: ClassMean | None = None
    fewest_classes: int = 2
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
    def graded(self) -> bool:
        """Whether an image may score anything in between, where an item that is named is right or wrong."""
        return self.limits in {"ratio", "mean of ratios"}

    @property
    def smallest(self) -> float:
        """The least that an estimate can be."""
        return self.lowest - self.undershoot
