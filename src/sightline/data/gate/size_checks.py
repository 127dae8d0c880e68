"""The last part of the data gate: whether each split holds enough for what is done with it."""

import math
from collections.abc import Callable

from sightline.config.data import Policy, ValidationPolicy
from sightline.data.gate.findings import SHOWN_EXAMPLES, Finding, Wording, finding, how_many
from sightline.data.splits.split import Split
from sightline.data.targets import class_counts

FEW_TO_CHOOSE = 30
"""Images of val below which the best epoch is found mostly by luck: one of them moves its accuracy by 3 points."""


def check_sizes(split: Split, policy: ValidationPolicy, alpha: float) -> list[Finding]:
    """Hold what each split has of each class, or in all, against its use.

    Classes that a split lacks altogether are told by `check_split`.

    Args:
        split: as it will be used, what was dropped left out.
        policy: what few images of a class in train lead to; elsewhere they are a warning.
        alpha: the least share of misses that conformal sets promise.
    """
    findings = [_few_to_train_on(split, policy)]
    if len(split.positions("val")):
        findings.append(_few_to_choose_by(split))
    if len(split.positions("calibration")):
        findings.append(_few_to_calibrate_on(split, alpha))
    if len(split.positions("test")):
        findings.append(_few_to_measure_on(split, policy))
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


def _few_to_measure_on(split: Split, policy: ValidationPolicy) -> Finding:
    least = policy.small_class_items
    small = _small(split, "test", least)
    few = how_many(len(small), "class", "classes", ("has", "have"))
    wording = Wording(
        fine=f"every class in test has {least} images there, or more",
        found=f"{few} fewer than {least} images in test",
        remedy="one image moves their recall by more than "
        f"{100 / least:.0f} points: add images, or raise data.test_fraction",
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


def _few_to_choose_by(split: Split) -> Finding:
    count, what = _units(split, "val")
    wording = Wording(
        fine=f"val has {FEW_TO_CHOOSE} {what} to choose the epoch by, or more",
        found=f"val has too few {what} to choose the epoch by",
        remedy="luck will choose it for the most part: raise data.val_fraction, or add images",
    )
    return _of_the_split("small_val", "val", count, FEW_TO_CHOOSE, wording)


def _few_to_calibrate_on(split: Split, alpha: float) -> Finding:
    """The half that the temperature has not seen must hold so many that a quantile of them is finite."""
    count, what = _units(split, "calibration")
    least = 2 * math.ceil(1 / alpha - 1 - 1e-9)
    nothing = "nothing can be calibrated, which takes two at least"
    wording = Wording(
        fine=f"calibration has {least} {what} or more, enough for sets that miss {100 * alpha:g} % at most",
        found=f"calibration has too few {what} for sets that miss {100 * alpha:g} % at most",
        remedy=f"{nothing if count < 2 else 'each set will hold every class'}: raise data.calibration_fraction, or "
        "add images",
    )
    return _of_the_split("small_calibration", "calibration", count, least, wording)


def _of_the_split(check: str, role: str, count: int, least: int, wording: Wording) -> Finding:
    return finding(check, "warn", [role] if count < least else [], wording, [f"{count} of {least}"])


def _units(split: Split, role: str) -> tuple[int, str]:
    """How many images a split has, or whole groups where there are some: those vouch for each other."""
    positions = split.positions(role).tolist()
    if split.groups is None:
        return len(positions), "images"
    return len({split.groups[place] for place in positions}), "groups of images"
