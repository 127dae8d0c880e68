"""Systems to be compared: their members, items in one order, and a metric of each member in the same resamples."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightline.errors import UsageError
from sightline.metrics.catalogue import Metric
from sightline.metrics.classification.binned import BinnedPredictions, blocks_of
from sightline.metrics.classification.checks import check
from sightline.metrics.classification.resampled import score_sums
from sightline.metrics.classification.scoring import Scored
from sightline.metrics.intervals.resampling import Resampling
from sightline.metrics.predictions import Predictions

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]

_BLOCK = 4_000_000


@dataclass(frozen=True)
class System:
    """One way of training: its name, and the predictions of each of its members on the same items."""

    name: str
    members: tuple[Predictions, ...]


@dataclass(frozen=True)
class SystemScores:
    """A system's metric: of each member, and of each member in each resample.

    Attributes:
        system: whose it is.
        values: (members,).
        resampled: (members, resamples).
    """

    system: System
    values: Reals
    resampled: Reals

    @property
    def mean(self) -> float:
        """Over the members."""
        return float(self.values.mean())

    @property
    def training_variance(self) -> float:
        """What another seed would change: the variance between members less what the items alone bring about."""
        if len(self.values) < 2:
            return 0.0
        around_mean = self.resampled - self.resampled.mean(axis=0)
        interaction = around_mean.var(axis=1).sum() / (len(self.values) - 1)
        return max(0.0, float(self.values.var(ddof=1) - interaction))

    @property
    def error_terms(self) -> tuple[float, float]:
        """The variance of the mean over members that seeds bring, and the denominator it adds to the freedom."""
        count = len(self.values)
        if count < 2:
            return 0.0, 0.0
        return self.training_variance / count, float(self.values.var(ddof=1) / count) ** 2 / (count - 1)


def aligned(systems: Sequence[System]) -> list[System]:
    """The same systems with the items of all members in the order of the very first.

    Raises:
        UsageError: there are none; a name repeats; items or labels differ.
    """
    if not systems or not all(system.members for system in systems):
        raise UsageError("there is nothing to compare")
    names = [system.name for system in systems]
    if repeated := {name for name in names if names.count(name) > 1}:
        raise UsageError(f"two systems are called {min(repeated)}")
    first = systems[0].members[0]
    return [
        System(system.name, tuple(in_order(member, first, system.name, names[0]) for member in system.members))
        for system in systems
    ]


def in_order(predictions: Predictions, first: Predictions, name: str, first_name: str) -> Predictions:
    """The items in the order of `first`.

    Raises:
        UsageError: they are other items, or bear other labels.
    """
    check(predictions)
    if predictions is first or np.array_equal(predictions.ids, first.ids):
        found = predictions
    else:
        place = {item: index for index, item in enumerate(predictions.ids.tolist())}
        wanted = first.ids.tolist()
        lacking = [item for item in wanted if item not in place]
        surplus = len(place) - (len(wanted) - len(lacking))
        if lacking or surplus:
            example = lacking[0] if lacking else next(item for item in place if item not in set(wanted))
            raise UsageError(
                f"{name} and {first_name} were measured on different items: {len(lacking)} of {len(wanted)} are "
                f"missing and {surplus} are new, such as {example}; compare runs of the same data and split"
            )
        order = np.array([place[item] for item in wanted])
        found = Predictions(predictions.ids[order], predictions.logits[order], predictions.labels[order])
    if different := int((found.labels != first.labels).sum()):
        raise UsageError(f"{name} and {first_name} know {different} of the same items under different labels")
    return found


def score_system(system: System, metric: Metric, labels: Ints, bins: int, resampling: Resampling) -> SystemScores:
    """The metric of each member, and in resamples that are the same for every system."""
    if metric.hits is not None:
        hits = np.stack([hits_of(member, metric) for member in system.members]).astype(np.float64)
        sums, total = _resampled_hits(hits, labels, resampling)
        return SystemScores(system, hits.mean(axis=1), sums / total)
    values = []
    resampled = []
    for member in system.members:
        binned = BinnedPredictions.of(member.probabilities(), bins, member.logits.argmax(axis=1))
        scored = Scored(binned, labels)
        values.append(scored.values([metric.name])[metric.name])
        resampled.append(_resampled_score(scored, metric, resampling))
    return SystemScores(system, np.array(values), np.stack(resampled))


def hits_of(member: Predictions, metric: Metric) -> NDArray[np.bool_]:
    """(n,) which items count for a metric that is a share of items."""
    assert metric.hits is not None, f"{metric.name} is no share of items"
    return metric.hits(member.probabilities(), member.logits.argmax(axis=1), member.labels)


def _resampled_score(scored: Scored, metric: Metric, resampling: Resampling) -> Reals:
    """(resamples,) the metric of one member."""
    binned = scored.binned
    labels = scored.labels
    needed = blocks_of([metric])
    rows = binned.contributions(labels, scored.auc.influence[0] if "auc" in needed else None)
    area = scored.auc.macro if "area" in needed else np.nan
    blocks = []
    for weights in resampling.draws(labels).weights(resampling.resamples, max(1, _BLOCK // max(len(labels), 1))):
        class_probability = binned.probabilities.T @ weights if "class_probability" in needed else None
        blocks.append(score_sums(binned, [metric], rows @ weights, class_probability, area)[metric.name])
    return np.concatenate(blocks)


def _resampled_hits(hits: Reals, labels: Ints, resampling: Resampling) -> tuple[Reals, Reals]:
    """Weighted hits of each member, and the weights' sums, in each resample."""
    blocks = []
    totals = []
    for weights in resampling.draws(labels).weights(resampling.resamples, max(1, _BLOCK // hits.shape[1])):
        blocks.append(hits @ weights)
        totals.append(weights.sum(axis=0))
    return np.concatenate(blocks, axis=1), np.concatenate(totals)
