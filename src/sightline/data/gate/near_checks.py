"""What near copies mean for the splits: which are torn apart or bear two labels, and a table of all copies."""

import csv
import io
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from sightline.config.data import Policy, ValidationPolicy
from sightline.data.gate.duplicates.find import NearCopies
from sightline.data.gate.findings import SHOWN_EXAMPLES, Finding, Wording, finding
from sightline.data.sources.source import ROLES
from sightline.data.splits.split import Split
from sightline.data.targets import LABEL, MISSING, ClassTarget

Mask = NDArray[np.bool_]

COLUMNS: Final = ("id", "split", "copy", "copy_split", "kind", "apart")
EQUAL: Final = "equal files"
NOT_LOOKED_FOR: Final = Finding(
    "near_duplicates", "warn", "pass", 0, "near copies were not looked for: data.validation.near_duplicates=off", ()
)


class Copy(NamedTuple):
    """Two items that are copies.

    Attributes:
        place: of the item in the less held-out split.
        other: of its copy.
        kind: in what way they differ, in words.
        apart: see `NearPair`.
    """

    place: int
    other: int
    kind: str
    apart: float


def check_near(split: Split, near: NearCopies, policy: ValidationPolicy) -> tuple[list[Finding], Mask]:
    """Look at near copies: in two splits, within one, under two labels.

    Returns:
        The findings, and an (n,) mask of what may be used: with `drop`, what has a copy in a more held-out split goes.
    """
    if policy.near_duplicates == "off":
        return [NOT_LOOKED_FOR], np.ones(len(split.ids), dtype=bool)
    found = near_items(split, near)
    across = [one for one in found if split.roles[one.place] != split.roles[one.other]]
    keep = np.ones(len(split.ids), dtype=bool)
    role_of = _roles_by_content(split)
    for pair in near.pairs:
        most = max([*role_of[pair.one], *role_of[pair.other]], default=0)
        for content in (pair.one, pair.other):
            for role in role_of[content]:
                if role < most:
                    keep[role_of[content][role]] = False
    findings = [
        _across(split, across, int((~keep).sum()), policy.near_duplicates),
        _within(len(found) - len(across), near),
    ]
    if isinstance(label := split.targets.get(LABEL), ClassTarget):
        findings.append(_conflicts(split, found, label))
    return findings, keep if findings[0].outcome == "drop" else np.ones_like(keep)


def near_items(split: Split, near: NearCopies) -> list[Copy]:
    """The near copies among the items; of equal contents in one role the first stands for all."""
    roles = _roles_by_content(split)
    return sorted(
        Copy(roles[one][a][0], roles[other][b][0], kind, apart)
        if a <= b
        else Copy(roles[other][b][0], roles[one][a][0], kind, apart)
        for one, other, kind, apart in near.pairs
        for a in roles[one]
        for b in roles[other]
    )


def copies_table(split: Split, near: NearCopies) -> str:
    """`duplicates.csv`: a line for each pair of copies, equal or near, those in two splits first."""
    equal = [
        Copy(first, other, EQUAL, 0.0)
        for by_role in _roles_by_content(split).values()
        for first, *others in [[place for role in sorted(by_role) for place in by_role[role]]]
        for other in others
    ]
    found = sorted([*equal, *near_items(split, near)], key=lambda one: _is_within(split, one))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for place, other, kind, apart in found:
        ends = (split.ids[place], split.roles[place], split.ids[other], split.roles[other])
        writer.writerow([*ends, kind, f"{apart:.1f}"])
    return text.getvalue()


def _roles_by_content(split: Split) -> defaultdict[str, dict[int, list[int]]]:
    """Of each content, its places by the number of their role."""
    found: defaultdict[str, dict[int, list[int]]] = defaultdict(dict)
    for place, (content, role) in enumerate(zip(split.hashes, split.roles.tolist(), strict=True)):
        found[content].setdefault(ROLES.index(role), []).append(place)
    return found


def _is_within(split: Split, copy: Copy) -> bool:
    return bool(split.roles[copy.place] == split.roles[copy.other])


def _across(split: Split, copies: Sequence[Copy], dropped: int, policy: Policy) -> Finding:
    wording = Wording(
        fine="no near copies are in two splits",
        found=f"{_pairs(copies)} in two splits",
        remedy="look at duplicates.csv; data.duplicates=keep_together keeps those that are drawn in one split, "
        "data.validation.near_duplicates=drop leaves out those that are given",
        otherwise="data.validation.near_duplicates=warn",
        dropped=f"{dropped:,} are left out, the copies in the most held-out split stay",
    )
    ids = [split.ids[one.place] for one in copies]
    return finding("near_duplicates", policy, ids, wording, list(_shown(split, copies)))


def _within(count: int, near: NearCopies) -> Finding:
    """What is no harm, and what was not looked for; told as it is."""
    pairs = "1 pair" if count == 1 else f"{count:,} pairs"
    told = f"{pairs} of near copies within one split" if count else "no near copies within a split"
    left_out = f"; not looked for: {', '.join(near.left_out)}" if near.left_out else ""
    return Finding("near_duplicates_within", "warn", "pass", 0, told + left_out, ())


def _conflicts(split: Split, copies: Sequence[Copy], label: ClassTarget) -> Finding:
    values = label.values
    found = [
        one
        for one in copies
        if values[one.place] != values[one.other] and MISSING not in (values[one.place], values[one.other])
    ]
    wording = Wording(
        fine="near copies bear equal labels",
        found=f"{_pairs(found)} under two labels",
        remedy="decide which label is right (duplicates.csv)",
    )
    return finding(
        "near_duplicate_labels", "warn", [split.ids[one.place] for one in found], wording, list(_shown(split, found))
    )


def _pairs(copies: Sequence[Copy]) -> str:
    """`12 pairs of near copies (in 9 clusters) are`."""
    number = "1 pair" if len(copies) == 1 else f"{len(copies):,} pairs"
    return f"{number} of near copies in {clusters(copies):,} cluster{'s' * (clusters(copies) != 1)}"


def clusters(copies: Sequence[Copy]) -> int:
    """How many there are once what is connected by copies counts as one."""
    if not copies:
        return 0
    ends = np.unique(np.array([one[:2] for one in copies]), return_inverse=True)[1].reshape(-1, 2)
    size = int(ends.max()) + 1
    graph = coo_array((np.ones(len(ends), dtype=np.int8), tuple(ends.T)), shape=(size, size))
    return int(connected_components(graph, directed=False)[0])


def _shown(split: Split, copies: Sequence[Copy]) -> Iterator[str]:
    """`a.jpg like b.jpg (mirrored)` of the first few."""
    for one in copies[:SHOWN_EXAMPLES]:
        yield f"{split.ids[one.place]} like {split.ids[one.other]} ({one.kind})"
