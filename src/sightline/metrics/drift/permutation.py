"""Whether two samples differ in any of several ways: one permutation test for all of them (Westfall and Young 1993).

Every way is a function of the difference between the means of some columns, so that one matrix product gives all
statistics under many permutations. Images are exchanged whole, so whatever hangs together stays together.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]

CUTS: Final = 32
"""Into how many parts of equal size the pooled values are cut."""
ROWS_AT_ONCE: Final = 250
TAIL: Final = 20
"""Rows, at most a tenth of all, by which p-values are drawn out below the least one."""


@dataclass(frozen=True)
class Way:
    """One way to differ.

    Attributes:
        columns: (N, k) of the pooled images; their means are compared.
        kind: `distance`: the largest difference; `shares`: chi-square; `kernel`: the sum of squares.
        family: what it belongs to; each family has an equal share of the level, however many ways it has.
    """

    columns: NDArray[np.float32]
    kind: Literal["distance", "shares", "kernel"]
    family: str = ""

    def of(self, differences: Reals) -> Reals:
        """(B,) statistics of (B, k) differences between means."""
        if self.kind == "distance":
            found: Reals = np.abs(differences).max(axis=1)
            return found
        squares = differences**2
        if self.kind == "shares":
            squares = squares / np.maximum(self.columns.mean(axis=0, dtype=np.float64), 1e-12)
        total: Reals = squares.sum(axis=1)
        return total


@dataclass(frozen=True)
class Tested:
    """What a permutation test found.

    Attributes:
        p: that any of the ways is so far off by chance; under no difference it is at most x in a share of x.
        raw: of each way alone.
        corrected: of each way among all (step-down), at least `p`.
    """

    p: float
    raw: Mapping[str, float]
    corrected: Mapping[str, float]


def cut_columns(values: NDArray[np.floating]) -> NDArray[np.float32]:
    """(N, k) whether values (N,) are at most each of the pooled quantiles: their means are distribution functions."""
    cuts = np.unique(np.quantile(values, np.arange(1, CUTS) / CUTS, method="inverted_cdf"))
    low = values.min()
    cuts = np.unique(np.concatenate([cuts, [low]]))
    cuts = cuts[cuts < values.max()]
    columns: NDArray[np.float32] = (values[:, None] <= cuts).astype(np.float32)
    return columns


def permutation_test(ways: Mapping[str, Way], n: int, permutations: int, seed: int) -> Tested:
    """Test whether the last `n` of the pooled images are as the others.

    Args:
        ways: by name, at least one; of the same pooled images each.
        n: new images, at the end of the pool.
        permutations: drawn without replacement of images.
        seed: of the draw.
    """
    columns = np.concatenate([way.columns for way in ways.values()], axis=1)
    places = np.cumsum([0, *(way.columns.shape[1] for way in ways.values())])
    total, pooled = columns.sum(axis=0, dtype=np.float64), len(columns)
    parts = [columns[-n:].sum(axis=0, dtype=np.float64)[None]]
    parts += [picked.astype(np.float64) for picked in _sums(columns, n, permutations, seed)]
    sums = np.concatenate(parts)
    differences = sums / n - (total - sums) / (pooled - n)
    statistics = np.stack(
        [way.of(differences[:, places[k] : places[k + 1]]) for k, way in enumerate(ways.values())], axis=1
    )
    families = [way.family for way in ways.values()]
    return _judged(list(ways), statistics, np.array([families.count(family) for family in families]))


def _sums(columns: NDArray[np.float32], n: int, permutations: int, seed: int) -> Iterator[NDArray[np.float32]]:
    """Sums of the columns over `n` images drawn at random, some draws at a time."""
    rng, pooled = np.random.default_rng(seed), len(columns)
    few = min(n, pooled - n)
    total = columns.sum(axis=0, dtype=np.float64)
    for start in range(0, permutations, ROWS_AT_ONCE):
        chosen = np.zeros((min(ROWS_AT_ONCE, permutations - start), pooled), dtype=np.float32)
        for row in chosen:
            row[rng.choice(pooled, few, replace=False, shuffle=False)] = 1
        sums = chosen @ columns
        yield sums if few == n else total - sums


def _judged(names: Sequence[str], statistics: Reals, sizes: NDArray[np.int64]) -> Tested:
    """P-values of the first of (B + 1, ways) statistics among all rows; `sizes` (ways,) of the family of each way."""
    rows = len(statistics)
    ordered = np.sort(statistics, axis=0)
    raw = np.stack(
        [
            (rows - np.searchsorted(ordered[:, k], statistics[:, k] * (1 - 1e-9), side="left")) / rows
            for k in range(len(names))
        ],
        axis=1,
    )
    weighted = _with_tails(raw, statistics) * sizes
    overall = _share_as_small(np.sort(weighted, axis=1))
    order = np.argsort(weighted[0], kind="stable")
    corrected, reached = np.empty(len(names)), overall
    for place, way in enumerate(order):
        if place:
            smallest = weighted[:, order[place:]].min(axis=1)
            reached = max(reached, float((smallest <= weighted[0, way]).mean()))
        corrected[way] = reached
    return Tested(
        overall,
        *(dict(zip(names, map(float, values), strict=True)) for values in (raw[0], corrected)),
    )


def _with_tails(raw: Reals, statistics: Reals) -> Reals:
    """P-values (B + 1, ways) that go on below 1 / (B + 1), along an exponential tail through each way's largest rows.

    Without it a way of a large family could not say how far off it is: ten times the least p-value of one is reached by
    others of a small family by chance. Every row is treated alike, so the test stays exact whatever the tail is.
    """
    found, rows = raw.copy(), len(statistics)
    few = min(TAIL, rows // 10)
    for k, column in enumerate(statistics.T):
        threshold = np.partition(column, rows - few - 1)[rows - few - 1]
        beyond = column > threshold * (1 + 1e-9)
        excess = column[beyond] - threshold
        found[beyond, k] = len(excess) / rows * np.exp(-excess / excess.mean()) if len(excess) else 0
    return found


def _share_as_small(sorted_p: Reals) -> float:
    """The share of rows that are no larger than the first, by their smallest p-value, ties by the next ones.

    The smallest of several p-values takes few different values; without the next ones the test would be conservative.
    """
    smaller, equal = np.zeros(len(sorted_p), dtype=bool), np.ones(len(sorted_p), dtype=bool)
    for column in sorted_p.T:
        smaller |= equal & (column < column[0])
        equal &= column == column[0]
    return float((smaller | equal).mean())
