"""Systems to be compared: their members, items in one order, and a metric of each member in the same resamples."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightline.errors import UsageError
from sightline.metrics.catalogue import METRICS
from sightline.metrics.classification.scores import top_k_hits
from sightline.metrics.classification.scoring import Scored, check
from sightline.metrics.classification.sums import Answers
from sightline.metrics.intervals.bootstrap import Resampler
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
class Drawn:
    """A system's metric: of each member, and of each member in each resample.

    Attributes:
        values: (members,).
        draws: (members, resamples).
    """

    values: Reals
    draws: Reals

    @property
    def mean(self) -> float:
        """Over the members."""
        return float(self.values.mean())

    @property
    def training_variance(self) -> float:
        """What another seed would change: the variance between members less what the items alone bring about."""
        if len(self.values) < 2:
            return 0.0
        own = self.draws - self.draws.mean(axis=0)
        interaction = own.var(axis=1).sum() / (len(self.values) - 1)
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


def draw(system: System, metric: str, labels: Ints, resamples: int, seed: int, groups: Ints | None, bins: int) -> Drawn:
    """The metric of each member, and in resamples that are the same for every system."""
    if METRICS[metric].limits == "Wilson":
        hits = np.stack([hits_of(member, metric) for member in system.members]).astype(np.float64)
        sums, total = _resampled(hits, labels, resamples, seed, groups)
        return Drawn(hits.mean(axis=1), sums / total)
    values, draws = [], []
    for member in system.members:
        answers = Answers.of(member.probabilities(), bins, member.logits.argmax(axis=1))
        scored = Scored(answers, labels, groups, ranked=metric == "roc_auc_ovr")
        influence = scored.auc.influence[0]
        rows = answers.contributions(labels, influence)
        blocks = []
        for weights in Resampler(labels, groups, seed).weights(resamples, max(1, _BLOCK // max(len(labels), 1))):
            sums = rows @ weights
            blocks.append(answers.scores(sums, answers.probabilities.T @ weights, scored.auc.macro)[metric])
        values.append(scored.values()[metric])
        draws.append(np.concatenate(blocks))
    return Drawn(np.array(values), np.stack(draws))


def hits_of(member: Predictions, metric: str) -> NDArray[np.bool_]:
    """(n,) whether each answer counts as right for a metric that is a share of items."""
    if metric == "top5_accuracy":
        return top_k_hits(member.probabilities(), member.labels, 5)
    hits: NDArray[np.bool_] = member.logits.argmax(axis=1) == member.labels
    return hits


def _resampled(hits: Reals, labels: Ints, resamples: int, seed: int, groups: Ints | None) -> tuple[Reals, Reals]:
    """Weighted hits of each member, and the weights' sums, in each resample."""
    blocks, totals = [], []
    for weights in Resampler(labels, groups, seed).weights(resamples, max(1, _BLOCK // hits.shape[1])):
        blocks.append(hits @ weights)
        totals.append(weights.sum(axis=0))
    return np.concatenate(blocks, axis=1), np.concatenate(totals)
