"""Are two systems told apart by what any unit could have said the other way round?

If neither system is better, the answers of both to an item could as well have been swapped. So the difference is set
against those that come about when the answers to items, or to whole groups, are swapped at random (Fisher 1935; Noreen
1989). It asks for no variance, so one item of a rare class can never decide.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from math import lcm

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from sightline.metrics.comparison.judged import Judged
from sightline.metrics.comparison.variance import SMALLEST

Reals = NDArray[np.float64]

_FEW = 10
"""With so many units that differ, or fewer, all swaps are tried."""
_MOST_PAIRS = 30
"""Pairs of members that are looked at, at most."""
_BLOCK = 4_000_000


def swap_test(a: tuple[Judged, ...], b: tuple[Judged, ...], draws: int, seed: int) -> float:
    """The chance of a difference as large as the one seen if all answers could be swapped; never 0.

    Of random swaps, the one that was seen counts among them (Phipson and Smyth 2010). That chance has no smaller value
    than one of `draws`; where Hoeffding's bound for sums of swapped differences says less, that is taken.

    Args:
        a: the members of one system.
        b: those of the other, judged by the same metric on the same units.
        draws: random swaps.
        seed: of them.
    """
    pairs = _pairs(a, b)
    score = _difference(pairs)
    changes = vstack([(one.units - other.units) / 2 for one, other in pairs]).tocsc()
    changes = changes[:, np.diff(changes.indptr) > 0].tocsr()
    count = changes.shape[1]
    seen = abs(float(score(np.asarray(changes.sum(axis=1)).reshape(-1, 1))[0]))
    if count == 0 or seen == 0:
        return 1.0
    found = np.concatenate([score(changes @ signs) for signs in _signs(count, draws, changes.shape[0], seed)])
    as_large = int((np.abs(found) >= seen * (1 - 1e-9)).sum())
    if count <= _FEW:
        return as_large / len(found)
    bound = 2 * float(np.exp(-0.5 * seen**2 / max(float((found**2).mean()), SMALLEST)))
    return max(SMALLEST, min(1.0, (1 + as_large) / (1 + len(found)), bound))


def _pairs(a: tuple[Judged, ...], b: tuple[Judged, ...]) -> list[tuple[Judged, Judged]]:
    """Members side by side, each as often as any other of its system."""
    if a[0].linear:
        return [(_mean(a), _mean(b))]
    count = lcm(len(a), len(b))
    if count > _MOST_PAIRS:
        count = max(len(a), len(b))
    return [(a[index % len(a)], b[index % len(b)]) for index in range(count)]


def _mean(members: tuple[Judged, ...]) -> Judged:
    """Of a metric that is a mean over items, the mean of the members, as one."""
    units = csr_array(sum((one.units for one in members[1:]), start=members[0].units) / len(members))
    return Judged(units, members[0].score, linear=True)


def _difference(pairs: Sequence[tuple[Judged, Judged]]) -> Callable[[Reals], Reals]:
    """From (sums of all pairs, columns) half differences to (columns,) differences of the metric."""
    middles = [np.asarray((one.units + other.units).sum(axis=1) / 2).reshape(-1, 1) for one, other in pairs]
    size = len(middles[0])

    def difference(moved: Reals) -> Reals:
        total = np.zeros(moved.shape[1])
        for place, ((one, other), middle) in enumerate(zip(pairs, middles, strict=True)):
            part = moved[place * size : (place + 1) * size]
            total += one.score(middle + part) - other.score(middle - part)
        return total / len(pairs)

    return difference


def _signs(count: int, draws: int, rows: int, seed: int) -> Iterator[Reals]:
    """Yield blocks of (count, columns) signs: 1 as it was, -1 swapped; all there are, or random ones."""
    if count <= _FEW:
        yield np.array(list(product((1.0, -1.0), repeat=count))).T
        return
    rng = np.random.default_rng([seed, 16])
    step = max(1, _BLOCK // max(count, rows))
    for start in range(0, draws, step):
        yield np.where(rng.integers(2, size=(count, min(step, draws - start)), dtype=np.int8), 1.0, -1.0)
