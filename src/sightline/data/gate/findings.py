"""What a check of the data found, in words a person can act on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sightline.config.data import Policy
from sightline.data.sources.remarks import Remark
from sightline.machine.text import printable

Outcome = Literal["pass", "warn", "drop", "refuse"]

SEVERITY: tuple[Outcome, ...] = ("pass", "warn", "drop", "refuse")
KEPT_EXAMPLES = 10
SHOWN_EXAMPLES = 3


@dataclass(frozen=True)
class Finding:
    """What one check found.

    Attributes:
        check: its name.
        policy: what the configuration says about it.
        outcome: `pass` where nothing was found, else the policy.
        count: of items, classes or groups.
        message: one sentence: how many, which ones, what to do.
        examples: ids or names, ten at most.
    """

    check: str
    policy: Policy
    outcome: Outcome
    count: int
    message: str
    examples: tuple[str, ...]


@dataclass(frozen=True)
class Wording:
    """The parts of a message.

    Attributes:
        fine: the whole of it where nothing was found.
        found: what was found, with its number.
        remedy: what a person can do about it.
        otherwise: the key that lets it pass, where one does.
        dropped: what was done about it where the policy is to drop.
    """

    fine: str
    found: str
    remedy: str
    otherwise: str = ""
    dropped: str = "they are left out"


def finding(
    check: str, policy: Policy, found: Sequence[str], wording: Wording, shown: Sequence[str] | None = None
) -> Finding:
    """Put a finding into words.

    Args:
        check: its name.
        policy: what it leads to.
        found: all ids or names it is about.
        wording: the parts of its message.
        shown: the first few of them, described; None to show the names alone.
    """
    if not found:
        return Finding(check, policy, "pass", 0, wording.fine, ())
    examples = ", ".join(map(printable, (found if shown is None else shown)[:SHOWN_EXAMPLES]))
    more = ", …" if len(found) > SHOWN_EXAMPLES else ""
    advice = wording.dropped if policy == "drop" else wording.remedy
    if policy == "refuse" and wording.otherwise:
        advice += f", or set {wording.otherwise}"
    message = f"{wording.found} ({examples}{more}); {advice}"
    return Finding(check, policy, policy, len(found), message, tuple(found[:KEPT_EXAMPLES]))


def how_many(number: int, one: str, many: str, verb: tuple[str, str] = ("is", "are")) -> str:
    """`1 image is`, `2,000 images are`."""
    return f"{number:,} {one if number == 1 else many} {verb[number != 1]}"


def by_class(absent: Mapping[str, Sequence[str]]) -> list[str]:
    """`car in val and test` of each class that splits lack, named once.

    Args:
        absent: the classes that each split lacks.
    """
    names = dict.fromkeys(name for lacking in absent.values() for name in lacking)
    return [f"{name} in {' and '.join(role for role in absent if name in absent[role])}" for name in names]


def of_listing(remarks: Sequence[Remark]) -> list[Finding]:
    """What listing the images passed over or took for granted, as findings."""
    return [
        Finding(
            one.check, "drop" if one.outcome == "drop" else "warn", one.outcome, one.count, one.message, one.examples
        )
        for one in remarks
    ]
