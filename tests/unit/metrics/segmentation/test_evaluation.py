"""What is said of masks: every number with its limits, what is absent, which images are best and worst."""

import json
from dataclasses import replace

import numpy as np
import pytest

from sightline.errors import UsageError
from sightline.metrics.catalogue import MASKS, measured_of
from sightline.metrics.documents.segmentation import MaskClassScores, MeasuredMasks
from sightline.metrics.intervals.resampling import Resampling
from sightline.metrics.segmentation.evaluation import EXTREMES, evaluate_masks
from sightline.metrics.segmentation.predictions import MaskPredictions
from sightline.metrics.segmentation.scoring import ScoredMasks

NAMES = ("sky", "road", "car", "pole")
RESAMPLING = Resampling(0.95, 100, 0)


def predictions(confusions) -> MaskPredictions:
    confusions = np.array(confusions, dtype=np.int64)
    n, classes = confusions.shape[:2]
    none = np.zeros(0, dtype=np.int64)
    ids = np.array([f"image{index:03}" for index in range(n)])
    return MaskPredictions(ids, confusions, np.arange(n), np.zeros((0, classes), dtype=np.float32), none, none)


def drawn(n: int = 40, seed: int = 0) -> MaskPredictions:
    """Images of four classes: the third in one of five images, the fourth nowhere."""
    rng = np.random.default_rng(seed)
    confusions = rng.integers(1, 20, (n, 4, 4)) + 90 * np.eye(4, dtype=int)
    confusions[rng.random(n) > 0.2, 2] = 0
    confusions[:, 3] = confusions[:, :, 3] = 0
    return predictions(confusions * rng.integers(1, 9, (n, 1, 1)))


def measured(found: MaskPredictions, groups=None) -> MeasuredMasks:
    resampling = replace(RESAMPLING, groups=None if groups is None else np.array(groups))
    return evaluate_masks(found, class_names=NAMES, resampling=resampling)


def row(content: MeasuredMasks, name: str) -> MaskClassScores:
    return next(row for row in content["per_class"] if row["class"] == name)


def test_every_number_is_there_and_is_plain():
    content = measured(drawn())
    assert json.loads(json.dumps(content)) == content
    assert tuple(content["metrics"]) == measured_of(MASKS)
    assert content["pixels"] == {"counted": int(drawn().confusions.sum()), "ignored": sum(range(40))}
    for name, entry in content["metrics"].items():
        assert entry["value"] == pytest.approx(ScoredMasks(drawn().confusions).values()[name])
        assert 0 <= entry["low"] < entry["value"] < entry["high"] <= 1, name
    assert np.array_equal(content["confusion"], drawn().confusions.sum(axis=0))


def test_an_absent_class_is_excluded_and_said_so():
    content = measured(drawn())
    assert content["absent"] == ["pole"]
    assert row(content, "pole")["iou"]["value"] is None
    assert row(content, "pole")["images"] == row(content, "pole")["pixels"] == 0
    mean = np.mean([row(content, name)["iou"]["value"] for name in NAMES[:3]])
    assert content["metrics"]["mean_iou"]["value"] == pytest.approx(mean)
    assert "Neither true nor predicted anywhere: pole. No mean is about them." in content["notes"]


def test_a_class_that_is_only_predicted_counts_as_nothing_right_and_may_be_anything():
    confusions = drawn().confusions.copy()
    confusions[0, 0, 3] = 5
    content = measured(predictions(confusions))
    entry = row(content, "pole")
    assert (entry["iou"]["value"], entry["iou"]["low"], entry["iou"]["high"]) == (0, 0, 1)
    assert entry["recall"]["value"] is None
    assert content["absent"] == []
    assert content["metrics"]["mean_iou"]["high"] > content["metrics"]["mean_iou"]["value"] + 0.2
    assert any(note.startswith("Predicted but never true: pole.") for note in content["notes"])


def test_a_class_that_is_never_predicted_has_no_precision():
    confusions = drawn().confusions.copy()
    confusions[:, 3, 0] = 50
    content = measured(predictions(confusions))
    assert row(content, "pole")["precision"]["value"] is None
    three = [row(content, name)["precision"]["value"] for name in NAMES[:3]]
    assert content["metrics"]["mean_precision"]["value"] == pytest.approx(sum(three) / 4)
    assert content["metrics"]["mean_precision"]["high"] > sum(three) / 4 + 0.24
    assert any("They have no precision, which counts as 0" in note for note in content["notes"])


def test_images_without_a_pixel_that_counts_are_left_out():
    some = drawn().confusions
    padded = measured(predictions(np.concatenate([some, np.zeros((3, 4, 4), dtype=int)])))
    plain = measured(predictions(some))
    assert padded["metrics"] == plain["metrics"]
    assert (padded["n"], padded["unlabelled"]) == (40, 3)
    assert padded["pixels"] == plain["pixels"], "pixels of images that are left out are not counted as ignored"
    assert "3 images have no mask, or none of its pixels counts: left out." in padded["notes"]
    in_groups = np.concatenate([np.arange(40) // 2, [20, 20, 20]])
    grouped = predictions(np.concatenate([some, np.zeros((3, 4, 4), dtype=int)]))
    assert measured(grouped, in_groups)["metrics"] == measured(predictions(some), np.arange(40) // 2)["metrics"]
    with pytest.raises(UsageError, match="all pixels of the 2 images are ignored"):
        measured(predictions(np.zeros((2, 4, 4))))


def test_best_median_and_worst_images_are_named():
    content = measured(drawn())
    each = ScoredMasks(drawn().confusions).by_image["image_iou"]
    assert [one["iou"] for one in content["images"]["worst"]] == pytest.approx(sorted(each)[:EXTREMES])
    assert [one["iou"] for one in content["images"]["best"]] == pytest.approx(sorted(each)[::-1][:EXTREMES])
    middle = [one["iou"] for one in content["images"]["median"]]
    assert min(middle) <= np.median(each) <= max(middle)
    assert content["images"]["worst"][0]["id"] == f"image{int(each.argmin()):03}"
    few = measured(predictions(drawn().confusions[:3]))["images"]
    assert [len(few[kind]) for kind in ("worst", "median", "best")] == [3, 3, 3]


def test_the_order_of_images_and_the_seed_change_no_number():
    some, order = drawn(), np.random.default_rng(1).permutation(40)
    moved = replace(some, ids=some.ids[order], confusions=some.confusions[order], ignored=some.ignored[order])
    one, other = measured(some), evaluate_masks(moved, class_names=NAMES, resampling=Resampling(0.95, 7, 5))
    assert one["images"] == other["images"]
    for name, entry in one["metrics"].items():
        assert entry["low"] == pytest.approx(other["metrics"][name]["low"], abs=1e-12)


def test_large_images_that_hold_most_of_the_pixels_are_named():
    confusions = drawn().confusions.copy()
    confusions[0] *= 100_000
    assert any(
        note.startswith("Few large images hold most of the pixels")
        for note in measured(predictions(confusions))["notes"]
    )


def test_what_does_not_fit_is_refused():
    with pytest.raises(UsageError, match=r"confusions \(40, 4, 4\) for 40 images of 3 classes"):
        evaluate_masks(drawn(), class_names=NAMES[:3], resampling=RESAMPLING)
    with pytest.raises(UsageError, match="for 0 images"):
        measured(predictions(np.zeros((0, 4, 4))))
