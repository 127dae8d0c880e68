"""Populations whose scores are known: classes unequal in size and in difficulty, few items, few groups, few mistakes.

A world says how often each class occurs, how often it is named rightly, how sure the answers are, and which items
belong together. Samples of it are drawn; its scores are those of a very large one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from sightline.metrics.catalogue import METRICS
from sightline.metrics.classification.binned import BinnedPredictions
from sightline.metrics.classification.class_shares import ClassAnswers, class_weights
from sightline.metrics.classification.confusion import confusion_matrix
from sightline.metrics.classification.ranking import roc_auc_ovr
from sightline.metrics.classification.scoring import Scored
from sightline.metrics.predictions import Predictions

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]

BINS = 15
_PART, _PARTS, _CELLS = 200_000, 10, 20_000_000
"""Items of a part of the large sample, how many parts, and how many probabilities they may hold."""


@dataclass(frozen=True)
class Sample:
    """What a model answered to n items.

    Attributes:
        probabilities: (n, classes).
        labels: (n,).
        groups: (n,) which items belong together, or None.
    """

    probabilities: Reals
    labels: Ints
    groups: Ints | None

    def predictions(self) -> Predictions:
        """As a file of predictions holds it."""
        logits = np.log(np.maximum(self.probabilities, 1e-30)).astype(np.float32)
        return Predictions(np.arange(len(self.labels)).astype(str), logits, self.labels)


@dataclass(frozen=True)
class World:
    """A population of items and a model that answers.

    Attributes:
        name: what it is called in tables.
        n: items of a sample.
        shares: (classes,) how often each class occurs.
        recall: (classes,) how often each is named rightly.
        confidence: mean log-odds of the confidence of an answer.
        spread: standard deviation of these log-odds; with 0 all answers are equally sure.
        doubt: by how much wrong answers are less sure, in log-odds.
        groups: how many groups the items come in, of equal size; None where each stands for itself.
        likeness: share of the variance of right and wrong that lies between groups.
        cache: the scores of the population, once they were asked for.
        of_classes: those of its classes.
    """

    name: str
    n: int
    shares: tuple[float, ...]
    recall: tuple[float, ...]
    confidence: float = 2.0
    spread: float = 1.5
    doubt: float = 1.5
    groups: int | None = None
    likeness: float = 0.3
    cache: dict[str, float] = field(default_factory=dict, compare=False, repr=False)
    of_classes: dict[str, Reals] = field(default_factory=dict, compare=False, repr=False)

    @property
    def classes(self) -> int:
        """How many classes there are."""
        return len(self.shares)

    def draw(self, rng: np.random.Generator) -> Sample:
        """A sample of `n` items."""
        return self._items(self.n, self.groups, rng)

    def resized(self, n: int) -> "World":
        """The same with samples of another size."""
        return replace(self, n=n)

    def draw_ways(
        self, ways: int, seeds: tuple[int, ...], rng: np.random.Generator, alike: float = 0.7
    ) -> list[list[Sample]]:
        """Equally good ways of training on the same items: for each way, a sample for each of its seeds.

        Args:
            ways: how many.
            seeds: of each way.
            rng: of all draws.
            alike: how often a training answers an item as a shared draw has it; else as one of its own.
        """
        shared = self.draw(rng)
        found = []
        for way in range(ways):
            members = []
            for _ in range(seeds[way]):
                own = self._answers(shared.labels, shared.groups, rng)
                keep = rng.random(self.n) < alike
                members.append(replace(shared, probabilities=np.where(keep[:, None], shared.probabilities, own)))
            found.append(members)
        return found

    def truth(self) -> Mapping[str, float]:
        """Every score of the population; the error of calibration itself as `ece` and `ece_debiased`."""
        if not self.cache:
            size = min(_PART, _CELLS // self.classes // _PARTS)
            samples = [self._items(size, None, np.random.default_rng([99, part])) for part in range(_PARTS)]
            parts = [Scored(BinnedPredictions.of(one.probabilities, BINS), one.labels).values() for one in samples]
            self.cache.update({name: float(np.mean([part[name] for part in parts])) for name in parts[0]})
            self.cache["ece"] = max(0.0, self.cache["ece_debiased"])
            confusion = sum(
                confusion_matrix(one.labels, one.probabilities.argmax(axis=1), self.classes) for one in samples
            )
            areas = np.mean([roc_auc_ovr(one.probabilities, one.labels).per_class for one in samples], axis=0)
            self.of_classes.update(_of_classes(np.asarray(confusion, dtype=np.float64)) | {"area": areas})
        return self.cache

    def truth_of(self, sample: Sample) -> dict[str, float]:
        """The same, but for means over classes: those of the population over the classes that they are of here."""
        found = dict(self.truth())
        answers = ClassAnswers(sample.labels, sample.probabilities.argmax(axis=1), self.classes, None)
        for metric in METRICS.values():
            if metric.mean is None or metric.mean.over == "support":
                continue
            counted = class_weights(metric.mean, answers) > 0
            if metric.mean.of == "area":
                counted &= answers.truth < len(sample.labels)
            of = self.of_classes[metric.mean.of][counted]
            found[metric.name] = float(of.mean()) if len(of) else float("nan")
        return found

    def _items(self, n: int, groups: int | None, rng: np.random.Generator) -> Sample:
        labels = rng.choice(self.classes, n, p=np.array(self.shares) / np.sum(self.shares)).astype(np.int64)
        owner = None if groups is None else (np.arange(n) * groups // n).astype(np.int64)
        return Sample(self._answers(labels, owner, rng), labels, owner)

    def _answers(self, labels: Ints, owner: Ints | None, rng: np.random.Generator) -> Reals:
        """(n, classes) probabilities of one training."""
        n, classes = len(labels), self.classes
        chance = np.array(self.recall)[labels]
        luck = rng.random(n)
        if owner is not None and self.likeness:
            # Items of a group share their luck with probability sqrt(likeness), so two of them agree in `likeness`.
            shared = rng.random(int(owner.max()) + 1)[owner]
            luck = np.where(rng.random(n) < np.sqrt(self.likeness), shared, luck)
        right = luck < chance
        others = np.tile(np.array(self.shares), (n, 1))
        others[np.arange(n), labels] = 0
        wrong_answer = (others.cumsum(axis=1) / others.sum(axis=1, keepdims=True) > rng.random((n, 1))).argmax(axis=1)
        answer = np.where(right, labels, wrong_answer)
        log_odds = self.confidence + self.spread * rng.normal(size=n) - self.doubt * ~right
        least = 1 / classes
        confidence = np.maximum(expit(log_odds), least + (1 - least) * 0.02)
        rest = rng.gamma(1.0, size=(n, classes)) + np.eye(classes)[labels]
        rest[np.arange(n), answer] = 0
        rest *= ((1 - confidence) / rest.sum(axis=1))[:, None]
        rest = np.minimum(rest, 0.98 * confidence[:, None])
        rest[np.arange(n), answer] = confidence
        return np.asarray(rest / rest.sum(axis=1, keepdims=True))


def _of_classes(confusion: Reals) -> dict[str, Reals]:
    """(classes,) recall, precision and F1 of a population."""
    hits, truth, called = confusion.diagonal(), confusion.sum(axis=1), confusion.sum(axis=0)
    return {"recall": hits / truth, "precision": hits / called, "f1": 2 * hits / (truth + called)}


def two_classes(rare: float, n: int, recall: tuple[float, float] = (0.99, 0.3), **more: float) -> World:
    """A common class that is easy and a rare one that is mostly taken for it."""
    share = f"{100 * (1 - rare):g}:{100 * rare:g}"
    return World(f"2 classes at {share}, n = {n}", n, (1 - rare, rare), recall, **more)  # type: ignore[arg-type]


def long_tail(n: int, classes: int = 10, ratio: float = 100.0) -> World:
    """Classes from common to rare, the rarer the harder."""
    shares = ratio ** -np.linspace(0, 1, classes)
    recall = np.linspace(0.95, 0.4, classes)
    return World(f"{classes} classes, tail of {ratio:g}:1, n = {n}", n, tuple(shares), tuple(recall))


def many_classes(n: int = 300, classes: int = 100) -> World:
    """As many classes as a sample has three items of each, on average."""
    recall = 0.5 + 0.45 * np.linspace(0, 1, classes)
    return World(f"{classes} classes, n = {n}", n, (1.0,) * classes, tuple(recall))


def even(accuracy: float, n: int, classes: int = 10) -> World:
    """Classes alike in size, all as hard."""
    sure = float(logit(min(accuracy, 0.9995)))
    return World(f"{classes} classes, accuracy {accuracy:g}, n = {n}", n, (1.0,) * classes, (accuracy,) * classes, sure)


def grouped(groups: int, n: int, classes: int = 3) -> World:
    """Few groups whose items resemble each other."""
    recall = tuple(np.linspace(0.9, 0.7, classes))
    shares = tuple(np.linspace(1.0, 0.4, classes))
    return World(f"{groups} groups, n = {n}", n, shares, recall, 1.5, 1.0, 1.0, groups)


def worlds() -> Iterator[World]:
    """All of them."""
    for rare in (0.01, 0.03, 0.1, 0.2):
        for n in (30, 100, 300, 1000):
            yield two_classes(rare, n)
    for n in (300, 1000):
        yield replace(two_classes(0.2, n, (0.995, 0.15), spread=0.0, doubt=0.0), name=f"one confidence, 80:20, n = {n}")
    for n in (100, 300, 1000):
        yield long_tail(n)
    yield many_classes()
    for accuracy in (0.5, 0.8, 0.95, 0.99, 0.999, 0.9999):
        for n in (30, 100, 300, 1000):
            yield even(accuracy, n)
    for accuracy in (0.9, 0.99, 0.9999):
        yield replace(
            even(accuracy, 100, 2),
            confidence=9.2,
            spread=0.0,
            doubt=0.0,
            name=f"too sure, accuracy {accuracy:g}, n = 100",
        )
    for groups in (8, 30):
        for n in (240, 960):
            yield grouped(groups, n)
