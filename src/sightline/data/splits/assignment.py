"""Gives every item a role: decided once, by stratum, by whole groups, by content (rule 1)."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from sightline.config.data import DataConfig
from sightline.data.sources.source import ROLES, Source, priorities
from sightline.data.splits.split import Split
from sightline.data.splits.stratify import Pool, stratify
from sightline.data.targets import ClassTarget, MaskHashes, MaskTarget, of_kind

WIDEST = f"U{max(map(len, ROLES))}"
"""The type of an array that can hold every role."""


def make_split(
    source: Source,
    hashes: Sequence[str],
    config: DataConfig,
    mask_hashes: Sequence[str | None] = (),
    together: Sequence[tuple[str, str]] = (),
) -> Split:
    """Give every item a role.

    Roles that the source gives are kept. A role it does not give at all is cut out of what it calls train or nothing,
    as a fraction of that pool: to a whole item a stratum, whole groups only, items of equal content in one group. Which
    items these are depends on a keyed hash of (split_seed, id), not on their order or on each other: another file
    more moves hardly any. Every stratum keeps a train item if it can; items without a role that belong to a group with
    a held-out one follow it.

    Args:
        source: the items.
        hashes: of the contents of the images.
        config: what is held out.
        mask_hashes: of the contents of the masks, where the source has some.
        together: pairs of contents that stay together as if they were equal.
    """
    given = np.array([role or "" for role in source.roles])
    units = _units(source.groups, hashes, together)
    roles = _followed(given, units)
    pool = np.flatnonzero((roles == "") | (roles == "train"))
    fractions = {
        role: fraction
        for role, fraction in (
            ("test", config.test_fraction),
            ("val", config.val_fraction),
            ("calibration", config.calibration_fraction),
        )
        if fraction > 0.0 and not (given == role).any()
    }
    drawn = stratify(
        Pool(
            strata=source.strata[pool],
            units=units[pool],
            priorities=priorities([source.ids[i] for i in pool], config.split_seed),
            strata_count=int(source.strata.max(initial=-1)) + 1,
        ),
        tuple(fractions.values()),
    )
    names = np.array(["train", *fractions])
    roles[pool] = names[drawn + 1]
    return Split(source.ids, tuple(hashes), _targets(source, mask_hashes), source.groups, roles, config.split_seed)


def in_one_role(source: Source, hashes: Sequence[str], role: str) -> Split:
    """Every item of a source in the same role; masks are left out."""
    roles = np.full(len(source), role)
    return Split(source.ids, tuple(hashes), of_kind(source.targets, ClassTarget), source.groups, roles, seed=0)


def _targets(source: Source, mask_hashes: Sequence[str | None]) -> dict[str, ClassTarget | MaskHashes]:
    """The targets of the source, hashes in place of mask files."""
    return {
        name: MaskHashes(tuple(mask_hashes), target.class_names, target.ignore_index, target.colours)
        if isinstance(target, MaskTarget)
        else target
        for name, target in source.targets.items()
    }


def _followed(given: NDArray[np.str_], units: NDArray[np.int64]) -> NDArray[np.str_]:
    """The given roles, where items without one take the most held-out role that their unit already has."""
    roles = given.astype(WIDEST)
    for role in ("val", "calibration", "test"):
        members = np.isin(units, units[given == role])
        roles[members & (given == "")] = role
    return roles


def _units(
    groups: Sequence[str] | None, hashes: Sequence[str], together: Sequence[tuple[str, str]]
) -> NDArray[np.int64]:
    """A number for everything that must stay together: what a group, equal content or such a pair connects."""
    contents = [content or f"unreadable {position}" for position, content in enumerate(hashes)]
    keys = [contents] if groups is None else [contents, list(groups)]
    items = np.arange(len(hashes))
    nodes = []
    start = len(hashes)
    for key in keys:
        number = np.unique(key, return_inverse=True)[1].astype(np.int64)
        nodes.append(start + number)
        start += int(number.max(initial=-1)) + 1
    first = {content: place for place, content in enumerate(contents)}
    pairs = np.array([(first[one], first[other]) for one, other in together], dtype=np.int64).reshape(-1, 2)
    ends = (np.concatenate([np.tile(items, len(keys)), pairs[:, 0]]), np.concatenate([*nodes, pairs[:, 1]]))
    graph = coo_array((np.ones(len(ends[0]), dtype=np.int8), ends), shape=(start, start))
    units: NDArray[np.int64] = connected_components(graph, directed=False)[1][: len(hashes)].astype(np.int64)
    return units
