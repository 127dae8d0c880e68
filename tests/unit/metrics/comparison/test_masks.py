"""Masks of systems are compared by images: the difference is that of the values, equal systems are not told apart."""

from dataclasses import replace

import numpy as np
import pytest

from sightline.errors import UsageError
from sightline.metrics.catalogue import MASKS, measured_of
from sightline.metrics.comparison.masks import MaskSystem, compare_masks
from sightline.metrics.intervals.resampling import Resampling
from sightline.metrics.segmentation.predictions import MaskPredictions
from sightline.metrics.segmentation.scoring import ScoredMasks

RESAMPLING = Resampling(0.95, 200, 0)


def truth_of(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """(images, 3) pixels of each class in images of unlike sizes, and (images,) how hard each is."""
    sizes = rng.choice([100, 400, 1600], p=[0.5, 0.3, 0.2], size=images)
    shares = rng.dirichlet([2, 1, 0.5], images) * (rng.random((images, 3)) < [1, 0.9, 0.4])
    return np.floor(shares * sizes[:, None]).astype(int), rng.beta(6, 2, images)


def answered(rng: np.random.Generator, truth, hard, skill: float = 0.0) -> MaskPredictions:
    """Masks of one model: images are as hard for all models, and each has luck of its own."""
    pixels = truth
    well = np.clip(hard + skill + 0.1 * rng.normal(size=len(hard)), 0.02, 0.98)
    right = rng.binomial(pixels, well[:, None])
    confusions = np.zeros((len(hard), 3, 3), dtype=np.int64)
    for label in range(3):
        confusions[:, label, label] = right[:, label]
        confusions[:, label, (label + 1) % 3] = pixels[:, label] - right[:, label]
    ids = np.array([f"image {index}" for index in range(len(hard))])
    none = np.zeros(0, dtype=np.int64)
    return MaskPredictions(ids, confusions, np.zeros(len(hard), int), np.zeros((0, 3), np.float32), none, none)


def two(seed: int = 0, images: int = 40, skill: float = 0.1, seeds: int = 1) -> list[MaskSystem]:
    rng = np.random.default_rng(seed)
    truth, hard = truth_of(rng, images)
    of_a, of_b = (tuple(answered(rng, truth, hard, gain) for _ in range(seeds)) for gain in (skill, 0.0))
    return [MaskSystem("a", of_a), MaskSystem("b", of_b)]


@pytest.mark.parametrize("metric", measured_of(MASKS))
def test_a_difference_is_the_difference_of_the_values(metric: str):
    systems = two()
    found = compare_masks(systems, metric=metric, resampling=RESAMPLING)
    values = {one.name: ScoredMasks(one.members[0].confusions).values()[metric] for one in systems}
    assert {row["name"]: row["value"] for row in found["systems"]} == pytest.approx(values)
    (pair,) = found["pairs"]
    assert pair["difference"] == pytest.approx(values["a"] - values["b"])
    assert pair["low"] < pair["difference"] < pair["high"]
    assert (found["n"], found["metric"], found["lower_is_better"]) == (40, metric, False)
    own = ScoredMasks(systems[0].members[0].confusions).intervals(RESAMPLING)[metric]
    assert (found["systems"][0]["low"], found["systems"][0]["high"]) == pytest.approx((own.low, own.high))


def test_images_are_paired_by_id():
    systems = two()
    order = np.random.default_rng(5).permutation(40)
    member = systems[1].members[0]
    moved = replace(member, ids=member.ids[order], confusions=member.confusions[order], ignored=member.ignored[order])
    plain, other = (
        compare_masks([systems[0], one], metric="mean_iou", resampling=RESAMPLING)
        for one in (systems[1], replace(systems[1], members=(moved,)))
    )
    assert plain == other
    (pair,) = plain["pairs"]
    assert pair["p_value"] < 0.05
    assert pair["high"] - pair["low"] < plain["systems"][0]["high"] - plain["systems"][0]["low"]


def test_classes_are_matched_by_name():
    systems = [replace(one, class_names=("sky", "road", "car")) for one in two()]
    order = [2, 0, 1]
    member = systems[1].members[0]
    turned = replace(
        systems[1],
        class_names=("car", "sky", "road"),
        members=(replace(member, confusions=member.confusions[:, order][:, :, order]),),
    )
    plain, other = (
        compare_masks([systems[0], one], metric="mean_dice", resampling=RESAMPLING) for one in (systems[1], turned)
    )
    assert plain["pairs"][0]["difference"] == pytest.approx(other["pairs"][0]["difference"])
    strange = replace(systems[1], class_names=("sky", "road", "tree"))
    with pytest.raises(UsageError, match="tree is not known to a, which has sky, road, car"):
        compare_masks([systems[0], strange], metric="mean_iou", resampling=RESAMPLING)


def test_seeds_and_groups_count():
    systems = two(seeds=3)
    found = compare_masks(systems, metric="mean_iou", resampling=RESAMPLING)
    assert found["about"] == "ways of training"
    assert found["systems"][0]["training_sd"] is not None
    assert found["pairs"][0]["method"] == "paired jackknife and seeds, swaps"
    groups = np.arange(40) // 8
    grouped = compare_masks(systems, metric="mean_iou", resampling=replace(RESAMPLING, groups=groups))
    widths = [one["pairs"][0]["high"] - one["pairs"][0]["low"] for one in (grouped, found)]
    assert widths[0] > widths[1]
    assert any("whole groups were left out" in note for note in grouped["notes"])


def test_the_same_masks_are_not_told_apart():
    one = two()[0]
    (pair,) = compare_masks([one, replace(one, name="c")], metric="mean_iou", resampling=RESAMPLING)["pairs"]
    assert (pair["difference"], pair["p_value"]) == (0, 1)
    assert pair["low"] <= 0 <= pair["high"]


@pytest.mark.parametrize(("images", "metric"), [(30, "mean_iou"), (30, "image_iou"), (100, "pixel_accuracy")])
def test_equal_systems_are_seldom_told_apart(images: int, metric: str):
    resampling = Resampling(0.95, 99, 0)
    apart = [
        compare_masks(two(seed, images, skill=0.0), metric=metric, resampling=resampling)["pairs"][0]["p_value"] < 0.05
        for seed in range(120)
    ]
    assert sum(apart) <= 12


def test_what_cannot_be_compared_is_refused():
    systems = two()
    member = systems[1].members[0]
    other = member.confusions.copy()
    other[3, 0, 0] += 1
    cases = {
        r"know 1 of the same images with different masks, such as image 3": replace(member, confusions=other),
        r"1 of 40 are missing and 1 are new, such as image 0": replace(member, ids=np.array(["new", *member.ids[1:]])),
        r"b knows 2 classes and a 3": replace(member, confusions=member.confusions[:, :2, :2]),
    }
    for message, changed in cases.items():
        with pytest.raises(UsageError, match=message):
            compare_masks(
                [systems[0], replace(systems[1], members=(changed,))], metric="mean_iou", resampling=RESAMPLING
            )
    with pytest.raises(UsageError, match=r"compare\.metric=f1_macro is no metric of masks; it takes mean_iou, "):
        compare_masks(systems, metric="f1_macro", resampling=RESAMPLING)
    with pytest.raises(UsageError, match="two systems are called a"):
        compare_masks([systems[0], replace(systems[1], name="a")], metric="mean_iou", resampling=RESAMPLING)
