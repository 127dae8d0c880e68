"""Whether a model, or a class, looks at the border or at one corner: a test over images, for all classes at once."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom, norm

from sightline.explain.summary.places import PLACES, SUSPECT

Reals = NDArray[np.float64]
Groups = NDArray[np.int64] | None

MARGIN: Final = 0.18
"""More of the mass than expected, by so much, is worth an alarm; why so much stands in decision 40."""
LEAST_IMAGES: Final = 10
"""A class with fewer images is not tested."""
FALSE_ALARMS: Final = 0.05
"""The chance of any alarm where no share exceeds what is expected by more than `MARGIN` in most images."""


@dataclass(frozen=True)
class Alarm:
    """A place where much more of the maps lies than expected.

    Attributes:
        label: the class, or None where it is all of them.
        place: of `SUSPECT`.
        images: how many the share is the mean of.
        share: of the mass of their maps.
        expected: the same of an untrained network, at least of an even map, and of the other classes.
        excess: at least so much more of the mass than expected lies there in most images like these: the lower limit
            of the median, corrected for the number of classes and places.
    """

    label: int | None
    place: str
    images: int
    share: float
    expected: float
    excess: float


def alarms(
    own: Reals, untrained: Reals, labels: NDArray[np.int64], grouped: NDArray[np.int64] | None = None
) -> list[Alarm]:
    """Where a class or the whole model looks, in most images, with at least `MARGIN` more of its mass than expected.

    For all images together, what is expected is what the map of an untrained network has of the same image, or an even
    map where that is more. Of one class the share must exceed that of the other classes as well. Counted are the images
    that exceed it, which no single image can sway and whose chances are known exactly (sign test); for all classes and
    places together, by Bonferroni's correction.

    Args:
        own: (n, places) the share that lies in each of `PLACES`, of each image.
        untrained: (n, places) what is expected of each image.
        labels: (n,) the class that each map speaks for.
        grouped: (n,) which images belong together, or None: a whole group counts once, by its mean.
    """
    names, counts = np.unique(labels, return_counts=True)
    tested = [int(label) for label in names[counts >= LEAST_IMAGES]] if len(names) > 1 else []
    tail = FALSE_ALARMS / ((len(tested) + 1) * len(SUSPECT))
    found = list[Alarm]()
    classes: list[int | None] = [None, *tested] if len(labels) >= LEAST_IMAGES else []
    for label in classes:
        chosen = np.ones(len(labels), dtype=bool) if label is None else labels == label
        together = None if grouped is None else grouped[chosen]
        for place in SUSPECT:
            column = PLACES.index(place)
            share, expected = own[chosen, column], untrained[chosen, column]
            least, others, chance = expected, float(expected.mean()), tail
            if not chosen.all():
                rest, apart = own[~chosen, column], None if grouped is None else grouped[~chosen]
                chance = tail / 2  # for each of two limits
                least = np.maximum(expected, _at_most(_units(rest, apart), chance))
                others = max(others, float(rest.mean()))
            excess = median_at_least(_units(share - least, together), chance)
            if excess > MARGIN:
                found.append(Alarm(label, place, int(chosen.sum()), float(share.mean()), others, excess))
    return found


def median_at_least(values: Reals, tail: float) -> float:
    """The lower limit of a median, wrong with a chance of `tail` at most whatever the distribution; -inf of too few."""
    below = int(binom.ppf(tail, len(values), 0.5))
    below -= int(binom.cdf(below, len(values), 0.5) > tail)
    return float(np.sort(values)[below]) if below >= 0 else -np.inf


def _at_most(values: Reals, tail: float) -> float:
    """The upper limit of the mean of many."""
    spread = float(values.std(ddof=1)) if len(values) > 1 else 0.0
    return float(values.mean() + norm.isf(tail) * spread / np.sqrt(len(values)))


def _units(values: Reals, groups: Groups) -> Reals:
    """The values of images, or the mean of each group."""
    if groups is None:
        return values
    codes = np.unique(groups, return_inverse=True)[1]
    return np.asarray(np.bincount(codes, weights=values) / np.bincount(codes))
