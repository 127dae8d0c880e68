from dataclasses import replace

import pytest

from sightline.calibration.conformal import units_needed
from sightline.data.gate.size_checks import check_sizes
from sightline.data.targets import MaskHashes
from tests.unit.data.gate.conftest import policy, split


def sizes(roles, alpha=0.05, **changes):
    """The findings about a split whose roles hold so many of each class: {role: (cats, dogs)}."""
    places = [
        (role, label) for role, counts in roles.items() for label, count in enumerate(counts) for _ in range(count)
    ]
    groups = changes.pop("groups", None)
    made = split([role for role, _ in places], [label for _, label in places], groups=groups)
    return {found.check: found for found in check_sizes(made, policy(small_class_items=10, **changes), alpha)}


ENOUGH = {"train": (10, 10), "val": (15, 15), "calibration": (19, 19), "test": (10, 10)}


def test_enough_of_everything_passes():
    found = sizes(ENOUGH)
    assert list(found) == ["small_class", "small_val", "small_calibration", "small_test"]
    assert {one.outcome for one in found.values()} == {"pass"}


@pytest.mark.parametrize(
    ("rule", "remedy"), [("warn", "merge classes"), ("refuse", "data.validation.small_class=warn")]
)
def test_a_class_is_small_by_what_train_will_hold(rule: str, remedy: str):
    """Fourteen of a class are no ten to train on where eight of them come to train."""
    found = sizes({**ENOUGH, "train": (10, 8)}, small_class=rule)["small_class"]
    assert (found.outcome, found.examples) == (rule, ("dog",))
    assert found.message.startswith("1 class has fewer than 10 images in train (dog: 8 of 52); ")
    assert remedy in found.message


def test_a_class_is_small_by_what_test_will_hold_and_that_only_warns():
    found = sizes({**ENOUGH, "test": (2, 30)}, small_class="refuse")
    assert (found["small_test"].outcome, found["small_test"].examples) == ("warn", ("cat",))
    assert found["small_test"].message == (
        "1 class has fewer than 10 images in test (cat: 2); one image moves their recall by more than 10 points: "
        "raise data.test_fraction, or add images"
    )
    assert found["small_class"].outcome == "pass"


def test_classes_that_are_missing_are_told_elsewhere():
    assert {one.outcome for one in sizes({**ENOUGH, "train": (10, 0), "test": (0, 10)}).values()} == {"pass"}


def test_val_is_judged_by_the_choice_of_the_epoch():
    found = sizes({**ENOUGH, "val": (20, 9)})["small_val"]
    assert (found.outcome, found.count) == ("warn", 1)
    assert found.message.startswith("val has too few images to choose the epoch by (29 of 30); luck will choose it")


@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.1, 0.2, 0.3])
def test_calibration_is_judged_by_what_the_sets_promise(alpha: float):
    least = 2 * units_needed(alpha)
    assert sizes({**ENOUGH, "calibration": (least, 0)}, alpha)["small_calibration"].outcome == "pass"
    found = sizes({**ENOUGH, "calibration": (least - 1, 0)}, alpha)["small_calibration"]
    assert f"sets that miss {100 * alpha:g} % at most ({least - 1} of {least}); each set will hold" in found.message


def test_groups_vouch_as_one():
    roles = {"train": (10, 10), "val": (40, 40), "calibration": (40, 40)}
    groups = tuple(f"patient {place // 4}" for place in range(180))
    found = sizes(roles, groups=groups)
    assert "val has too few groups of images to choose the epoch by (20 of 30)" in found["small_val"].message
    assert "calibration has too few groups of images" in found["small_calibration"].message


def test_splits_that_are_not_there_are_not_judged():
    assert list(sizes({"train": (10, 10)})) == ["small_class"]


@pytest.mark.parametrize(("count", "said"), [(1, "nothing can be calibrated, which takes two"), (2, "each set will")])
def test_one_image_is_too_few_for_any_calibration(count: int, said: str):
    found = sizes({**ENOUGH, "calibration": (count, 0)})["small_calibration"]
    assert f"({count} of 38); {said}" in found.message


def test_calibration_counts_the_images_that_bear_each_target():
    made = split(["train"] * 2 + ["calibration"] * 40)
    masks = MaskHashes(tuple("x" if place < 12 else None for place in range(42)), ("ground", "sky"), 255)
    found = {
        one.check: one for one in check_sizes(replace(made, targets={**made.targets, "mask": masks}), policy(), 0.1)
    }
    assert found["small_calibration"].message.startswith("calibration has too few images with each target for sets")
    assert "(10 of 18)" in found["small_calibration"].message


@pytest.mark.parametrize(
    ("given", "limit", "remedy"),
    [
        ((), None, "part: raise data.val_fraction, or add images"),
        (("train", "val"), None, "part: add images"),
        (("train", "val"), 60, "part: raise limit=60, or add images"),
        ((), 60, "part: raise limit=60, raise data.val_fraction, or add images"),
    ],
)
def test_the_remedy_is_one_that_makes_the_split_larger(given: tuple[str, ...], limit: int | None, remedy: str):
    found = check_sizes(split(["train"] * 9 + ["val"] * 9), policy(), 0.1, given, limit)
    assert next(one for one in found if one.check == "small_val").message.endswith(remedy)
