"""Draws fractions of a pool of items: by stratum, by whole units, by a pseudo-random priority of each item."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightline.data.sources.source import places_within

Integers = NDArray[np.int64]

FREE = -1
"""Drawn for nothing."""


@dataclass(frozen=True)
class Pool:
    """What is drawn from.

    Attributes:
        strata: (n,) int64 below `strata_count`.
        units: (n,) int64, equal for items that must stay together.
        priorities: (n,) uint64, items are drawn in their order.
        strata_count: how many there are.
    """

    strata: Integers
    units: Integers
    priorities: NDArray[np.uint64]
    strata_count: int


def stratify(pool: Pool, fractions: Sequence[float]) -> Integers:
    """Draw each fraction in turn; (n,) positions in `fractions`, or `FREE`.

    Single items are drawn stratum by stratum: each gives its share to a whole item, and the sum over all strata is
    exact. Larger units are placed first, greedily, where their strata are most wanted. Where it can be, every
    fraction above 0 draws something and every stratum keeps something free.
    """
    drawn = np.full(len(pool.strata), FREE, dtype=np.int64)
    if not len(drawn) or not fractions:
        return drawn
    wanted = _quotas(pool, fractions)
    _, unit, sizes = np.unique(pool.units, return_inverse=True, return_counts=True)
    single = sizes[unit] == 1
    if not single.all():
        _place_units(pool, unit, ~single, wanted, drawn)
    _place_singles(pool, single, wanted, drawn)
    if not single.all():
        _free_every_stratum(pool, unit, drawn)
        _fill_every_fraction(pool, unit, wanted, drawn)
    return drawn


def _quotas(pool: Pool, fractions: Sequence[float]) -> Integers:
    """(fractions, strata) items wanted: each share rounded up or down, each stratum left one item."""
    counts = np.bincount(pool.strata, minlength=pool.strata_count)
    # Which stratum rounds up is decided by what it still lacks over all fractions, then by chance under the seed.
    chance = np.full(pool.strata_count, np.iinfo(np.uint64).max, dtype=np.uint64)
    np.minimum.at(chance, pool.strata, pool.priorities)
    wanted = np.zeros((len(fractions), pool.strata_count), dtype=np.int64)
    lacking = np.zeros(pool.strata_count)
    for row, fraction in enumerate(fractions):
        exact = counts * fraction
        room = np.maximum(counts - 1 - wanted.sum(axis=0), 0)
        wanted[row] = np.minimum(np.floor(exact), room)
        lacking += exact
        order = np.lexsort((chance, -np.round(lacking - wanted.sum(axis=0), 9)))
        order = order[room[order] > wanted[row, order]]
        more = max(1, round(float(exact.sum()))) - int(wanted[row].sum())
        wanted[row, order[: max(0, more)]] += 1
    return wanted


def _place_singles(pool: Pool, single: NDArray[np.bool_], wanted: Integers, drawn: Integers) -> None:
    """Draw what is still wanted of each stratum from the items that belong to no larger unit, in order of priority."""
    items = np.flatnonzero(single)
    items = items[np.lexsort((pool.priorities[items], pool.strata[items]))]
    strata = pool.strata[items]
    there = np.bincount(strata, minlength=pool.strata_count)
    bounds = np.zeros((len(wanted), pool.strata_count), dtype=np.int64)
    taken = np.zeros(pool.strata_count, dtype=np.int64)
    for row in range(len(wanted)):
        have = np.bincount(pool.strata[drawn == row], minlength=pool.strata_count)
        taken += np.minimum(np.maximum(wanted[row] - have, 0), there - taken)
        bounds[row] = taken
    places = places_within(strata)
    row = (places >= bounds[:, strata]).sum(axis=0)
    drawn[items] = np.where(row == len(wanted), FREE, row)


def _place_units(pool: Pool, unit: Integers, larger: NDArray[np.bool_], wanted: Integers, drawn: Integers) -> None:
    """Place each larger unit where the relative excess over what is wanted stays smallest, big ones first.

    Sizes are compared by powers of two, priorities decide among like sizes: so every seed draws its own split.
    """
    counts = np.bincount(pool.strata, minlength=pool.strata_count)
    aims = np.maximum(np.vstack([wanted, counts - wanted.sum(axis=0)]), 0.25)
    filled = np.zeros_like(aims)
    allowed = np.append(wanted.sum(axis=1) > 0, True)
    for members in sorted(
        _members(unit, larger), key=lambda items: (-len(items).bit_length(), pool.priorities[items].min())
    ):
        strata, some = np.unique(pool.strata[members], return_counts=True)
        excess = (some * (2 * filled[:, strata] + some) / aims[:, strata]).sum(axis=1)
        best = int(np.argmin(np.where(allowed, excess, np.inf)))
        filled[best, strata] += some
        drawn[members] = FREE if best == len(wanted) else best


def _free_every_stratum(pool: Pool, unit: Integers, drawn: Integers) -> None:
    """Give a stratum that was drawn to the last item its smallest unit back."""
    for stratum in np.unique(pool.strata):
        members = pool.strata == stratum
        if not (drawn[members] == FREE).any():
            drawn[_smallest(pool, unit, np.isin(unit, unit[members]))] = FREE


def _fill_every_fraction(pool: Pool, unit: Integers, wanted: Integers, drawn: Integers) -> None:
    """Give a fraction that got nothing the smallest free unit that no stratum needs as its last."""
    for row in np.flatnonzero(wanted.sum(axis=1) > 0):
        if (drawn == row).any():
            continue
        free = np.bincount(pool.strata[drawn == FREE], minlength=pool.strata_count)
        units = _members(unit, drawn == FREE)
        for members in sorted(units, key=lambda items: (len(items), pool.priorities[items].min())):
            if (np.bincount(pool.strata[members], minlength=pool.strata_count) < np.maximum(free, 1)).all():
                drawn[members] = row
                break


def _smallest(pool: Pool, unit: Integers, among: NDArray[np.bool_]) -> Integers:
    """The items of the smallest unit; of like sizes, the one of the lowest priority number."""
    return min(_members(unit, among), key=lambda items: (len(items), pool.priorities[items].min()))


def _members(unit: Integers, among: NDArray[np.bool_]) -> list[Integers]:
    """The items of each unit that are `among` those."""
    items = np.flatnonzero(among)
    items = items[np.argsort(unit[items], kind="stable")]
    return np.split(items, np.flatnonzero(np.diff(unit[items])) + 1)
