"""The last part of the data gate: whether each split holds enough for what is done with it."""

import math
from collections.abc import Callable, Collection

from sightline.config.data import Policy, ValidationPolicy
from sightline.data.gate.findings import SHOWN_EXAMPLES, Finding, Wording, finding, how_many
from sightline.data.splits.split import Split
from sightline.data.targets import MISSING, ClassTarget, class_counts

FEW_TO_CHOOSE = 30
"""Images of val below which the best epoch is found mostly by luck: one of them moves its accuracy by 3 points."""


def check_sizes(
    split: Split, policy: ValidationPolicy, alpha: float, given: Collection[str] = (), limit: int | None = None
) -> list[Finding]:
    """Hold what each split has of each class, or in all, against its use.

    Classes that a split lacks altogether are told by `check_split`.

    Args:
        split: as it will be used, what was dropped left out.
        policy: what few images of a class in train lead to; elsewhere they are a warning.
        alpha: the least share of misses that conformal sets promise.
        given: the splits that the data say themselves, so that no fraction decides how large they are.
        limit: the key of this name, which leaves images out.
    """
    findings = [_few_to_train_on(split, policy)]
    if len(split.positions("val")):
        findings.append(_few_to_choose_by(split, _enlarged("val", given, limit)))
    if len(split.positions("calibration")):
        findings.append(_few_to_calibrate_on(split, alpha, _enlarged("calibration", given, limit)))
    if len(split.positions("test")):
        findings.append(_few_to_measure_on(split, policy, _enlarged("test", given, limit)))
    return findings


def _small(split: Split, role: str, least: int) -> list[tuple[str, int]]:
    """Classes with some images in a split, but fewer than `least`; the smallest first."""
    counts = class_counts(split.targets, split.positions(role))
    return sorted((one for one in counts if 0 < one[1] < least), key=lambda one: one[1])


def _few_to_train_on(split: Split, policy: ValidationPolicy) -> Finding:
    least = policy.small_class_items
    small = _small(split, "train", least)
    few = how_many(len(small), "class", "classes", ("has", "have"))
    wording = Wording(
        fine=f"every class in train has {least} images there, or more",
        found=f"{few} fewer than {least} images in train",
        remedy="add images or merge classes",
        otherwise="data.validation.small_class=warn",
    )
    whole = dict(class_counts(split.targets, range(len(split.ids))))
    return _by_class("small_class", policy.small_class, small, wording, lambda name, count: f"{count} of {whole[name]}")


def _few_to_measure_on(split: Split, policy: ValidationPolicy, remedy: str) -> Finding:
    least = policy.small_class_items
    small = _small(split, "test", least)
    few = how_many(len(small), "class", "classes", ("has", "have"))
    wording = Wording(
        fine=f"every class in test has {least} images there, or more",
        found=f"{few} fewer than {least} images in test",
        remedy=f"one image moves their recall by more than {100 / least:.0f} points: {remedy}",
    )
    return _by_class("small_test", "warn", small, wording, lambda _, count: str(count))


def _by_class(
    check: str,
    policy: Policy,
    small: list[tuple[str, int]],
    wording: Wording,
    described: Callable[[str, int], str],
) -> Finding:
    shown = [f"{name}: {described(name, count)}" for name, count in small[:SHOWN_EXAMPLES]]
    return finding(check, policy, [name for name, _ in small], wording, shown)


def _few_to_choose_by(split: Split, remedy: str) -> Finding:
    count, what = _units(split, "val")
    wording = Wording(
        fine=f"val has {FEW_TO_CHOOSE} {what} to choose the epoch by, or more",
        found=f"val has too few {what} to choose the epoch by",
        remedy=f"luck will choose it for the most part: {remedy}",
    )
    return _of_the_split("small_val", "val", count, FEW_TO_CHOOSE, wording)


def _few_to_calibrate_on(split: Split, alpha: float, remedy: str) -> Finding:
    """The half that the temperature has not seen must hold so many that a quantile of them is finite."""
    count, what = min(_units(split, "calibration", target) for target in split.targets)
    if len(split.targets) > 1:
        what += " with each target"
    least = 2 * math.ceil(1 / alpha - 1 - 1e-9)
    nothing = "nothing can be calibrated, which takes two at least"
    wording = Wording(
        fine=f"calibration has {least} {what} or more, enough for sets that miss {100 * alpha:g} % at most",
        found=f"calibration has too few {what} for sets that miss {100 * alpha:g} % at most",
        remedy=f"{nothing if count < 2 else 'each set will hold every class'}: {remedy}",
    )
    return _of_the_split("small_calibration", "calibration", count, least, wording)


def _of_the_split(check: str, role: str, count: int, least: int, wording: Wording) -> Finding:
    return finding(check, "warn", [role] if count < least else [], wording, [f"{count} of {least}"])


def _enlarged(role: str, given: Collection[str], limit: int | None) -> str:
    """What makes a split larger."""
    ways = [] if limit is None else [f"raise limit={limit}"]
    ways += ["add images" if role in given else f"raise data.{role}_fraction, or add images"]
    return ", ".join(ways) if role not in given else ", or ".join(ways)


def _units(split: Split, role: str, target: str | None = None) -> tuple[int, str]:
    """How many images a split has, or whole groups where there are some: those vouch for each other.

    Args:
        split: see `check_sizes`.
        role: of the images.
        target: that they bear; None for all.
    """
    positions = [place for place in split.positions(role).tolist() if target is None or _bears(split, target, place)]
    if split.groups is None:
        return len(positions), "images"
    return len({split.groups[place] for place in positions}), "groups of images"


def _bears(split: Split, target: str, place: int) -> bool:
    column = split.targets[target]
    return (
        bool(column.values[place] != MISSING) if isinstance(column, ClassTarget) else column.hashes[place] is not None
    )
