"""Whether a model, or a class, looks at the border or at one corner: a test over images, for all classes at once."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sightline.explain.summary.places import PLACES, SUSPECT
from sightline.metrics.intervals.means import bounded_mean

Reals = NDArray[np.float64]
Groups = NDArray[np.int64] | None

MARGIN: Final = 0.18
"""More of the mass than expected, by so much, is worth an alarm; why so much stands in decision 40."""
LEAST_IMAGES: Final = 10
"""A class with fewer images is not tested."""
FALSE_ALARMS: Final = 0.05
"""The chance of any alarm where no share exceeds what is expected by more than `MARGIN`."""


@dataclass(frozen=True)
class Alarm:
    """A place where much more of the maps lies than expected.

    Attributes:
        label: the class, or None where it is all of them.
        place: of `SUSPECT`.
        images: how many the share is the mean of.
        share: of the mass of their maps.
        expected: the same of an untrained network, at least of an even map, and of the other classes.
        excess: the lower limit of the difference, corrected for the number of classes and places.
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
    """Where a class or the whole model looks with at least `MARGIN` more of its mass than expected.

    For all images together, what is expected is what the maps of an untrained network have of the same images, or an
    even map where that is more. For one class the share must exceed those of the other classes as well. Limits are one
    sided and hold for all classes and places together, by Bonferroni's correction.

    Args:
        own: (n, places) the share that lies in each of `PLACES`, of each image.
        untrained: (n, places) what is expected of each image.
        labels: (n,) the class that each map speaks for.
        grouped: (n,) which images belong together, or None: limits are over whole groups where there are some.
    """
    names, counts = np.unique(labels, return_counts=True)
    tested = [int(label) for label in names[counts >= LEAST_IMAGES]] if len(names) > 1 else []
    tail = FALSE_ALARMS / ((len(tested) + 1) * len(SUSPECT))
    found = list[Alarm]()
    groups: list[int | None] = [None, *tested] if len(labels) >= LEAST_IMAGES else []
    for label in groups:
        chosen = np.ones(len(labels), dtype=bool) if label is None else labels == label
        for place in SUSPECT:
            column = PLACES.index(place)
            share, expected = own[chosen, column], untrained[chosen, column]
            together = None if grouped is None else grouped[chosen]
            excess, others = _mean_excess(share, expected, tail, together), float(expected.mean())
            if label is not None and not chosen.all():
                rest = own[~chosen, column]
                apart = None if grouped is None else grouped[~chosen]
                excess = min(excess, _difference(share, rest, tail, (together, apart)))
                others = max(others, float(rest.mean()))
            if excess > MARGIN:
                found.append(Alarm(label, place, int(chosen.sum()), float(share.mean()), others, excess))
    return found


def _mean_excess(share: Reals, expected: Reals, tail: float, groups: Groups) -> float:
    """The lower limit of the mean of differences between pairs."""
    return bounded_mean(share - expected, -1.0, 1.0, 1 - 2 * tail, groups).low


def _difference(share: Reals, rest: Reals, tail: float, groups: tuple[Groups, Groups]) -> float:
    """The lower limit of the difference of two means, of the limits of each (Newcombe 1998), as of independent ones."""
    one, other = (
        bounded_mean(values, 0.0, 1.0, 1 - 2 * tail, together)
        for values, together in zip((share, rest), groups, strict=True)
    )
    reach = np.hypot(one.value - one.low, other.high - other.value)
    return float(one.value - other.value - reach)
