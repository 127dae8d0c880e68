"""Scores of images are compared as the predictions that they come from are."""

from dataclasses import dataclass

import numpy as np
import pytest

from sightline.config.columns import Column
from sightline.errors import UsageError
from sightline.metrics.comparison.compare import compare
from sightline.metrics.comparison.masks import compare_masks
from sightline.metrics.comparison.systems import System
from sightline.metrics.intervals.resampling import Resampling
from sightline.metrics.robustness.columns import compare_columns
from sightline.metrics.segmentation.scoring import ScoredMasks
from tests.unit.metrics.comparison.test_compare import hits
from tests.unit.metrics.comparison.test_masks import two

RESAMPLING = Resampling(0.95, 200, 0)
GROUPS = np.arange(40) // 4


@dataclass(frozen=True)
class Scored:
    scores: np.ndarray


@dataclass(frozen=True)
class Named:
    name: str
    members: list[Scored]


def without_names(found: dict) -> dict:
    return {key: value for key, value in found.items() if key != "metric"}


@pytest.mark.parametrize("seeds", [1, 3])
@pytest.mark.parametrize("groups", [None, GROUPS])
def test_right_answers_are_compared_as_accuracies_are(seeds: int, groups: np.ndarray | None):
    rng = np.random.default_rng(3)
    hard = rng.normal(size=40)
    right = {
        name: [rng.normal(size=40) + skill > hard for _ in range(seeds)]
        for name, skill in (("a", 1.5), ("b", 0), ("c", 0))
    }
    resampling = Resampling(0.95, 200, 0, groups)
    expected = compare(
        [System(name, tuple(hits(one) for one in each)) for name, each in right.items()],
        metric="accuracy",
        resampling=resampling,
    )
    systems = [Named(name, [Scored(one[:, None].astype(float)) for one in each]) for name, each in right.items()]
    found = compare_columns(systems, metric=Column("fog", 1).metric(1), resampling=resampling)
    for row, other in zip(found["systems"], expected["systems"], strict=True):
        row["method"] = other["method"]  # of groups it is called otherwise
    assert without_names(found) == without_names(expected)


@pytest.mark.parametrize("seeds", [1, 3])
def test_masks_are_compared_as_by_the_iou_of_each_image(seeds: int):
    systems = two(seeds=seeds)
    expected = compare_masks(systems, metric="image_iou", resampling=RESAMPLING)
    scored = [
        Named(one.name, [Scored(ScoredMasks(each.confusions).by_image["image_iou"][:, None]) for each in one.members])
        for one in systems
    ]
    found = compare_columns(scored, metric=Column("fog", target="mask").metric(1), resampling=RESAMPLING)
    for own, other in zip(
        (*found["systems"], *found["pairs"]), (*expected["systems"], *expected["pairs"]), strict=True
    ):
        for key in ("value", "difference", "p_value", "p_adjusted", "low_adjusted", "training_sd"):
            assert own.get(key) == pytest.approx(other.get(key))


def test_conditions_of_one_image_are_no_more_images():
    """Five severities that are answered alike say as much as one does."""
    rng = np.random.default_rng(0)
    a, b = (rng.random((60, 1)) < share for share in (0.8, 0.6))
    once, often = (
        compare_columns(
            [Named(name, [Scored(np.repeat(one, times, axis=1).astype(float))]) for name, one in (("a", a), ("b", b))],
            metric=Column("fog").metric(2),
            resampling=RESAMPLING,
        )
        for times in (1, 5)
    )
    assert once["pairs"][0]["low"] == pytest.approx(often["pairs"][0]["low"])
    assert once["pairs"][0]["p_value"] == pytest.approx(often["pairs"][0]["p_value"])


def test_nothing_and_names_twice_are_refused():
    metric = Column("fog").metric()
    with pytest.raises(UsageError, match="there is nothing to compare"):
        compare_columns([Named("a", [Scored(np.zeros((0, 2)))])], metric=metric, resampling=RESAMPLING)
    same = [Named("a", [Scored(np.ones((3, 2)))])] * 2
    with pytest.raises(UsageError, match="two systems are called a"):
        compare_columns(same, metric=metric, resampling=RESAMPLING)
