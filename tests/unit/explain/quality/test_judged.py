"""What was measured becomes numbers with intervals, of all images and of each."""

from dataclasses import replace

import numpy as np
import pytest

from sightline.explain.quality.judged import Judged, alike_of, ends_of, quality_of
from sightline.explain.quality.randomisation import Cascade
from sightline.explain.quality.removal import Areas
from sightline.metrics.documents.explanation import MapQuality
from sightline.run.schema import flaw


def judged(count: int, own: float) -> Judged:
    """Deletion of `own`, insertion of one less that; random maps of 0.5, of which only the first was inserted."""
    each = np.tile([own, 1 - own], (count, 2, 1))
    random = np.full((count, 2, 2, 4), 0.5)
    random[:, :, 1, 1:] = np.nan
    areas = Areas(each, np.full_like(each, 0.4), random, np.full(count, 0.9), np.tile([0.2, 0.1], (count, 1)))
    return Judged(areas, Cascade(("head", "stem"), np.tile([[0.5], [np.nan]], (1, count))))


def test_a_good_map_is_better_with_an_interval_and_a_bad_one_worse():
    for own, sign in ((0.3, 1), (0.7, -1)):
        found = quality_of("gradcam", judged(30, own), 0.95)
        assert not flaw(found, MapQuality)
        for ways in found["removal"].values():
            for way in ("deletion", "insertion"):
                assert ways[way]["over_random"]["value"] == pytest.approx(0.2 * sign)
            assert ways["deletion"]["over_edges"]["value"] == pytest.approx(0.4 - own)
            assert ways["deletion"]["beaten"]["value"] == (sign > 0)
    assert found["random_weights"]["layers"] == ["head", "stem"]
    assert [one["value"] for one in found["random_weights"]["correlations"]] == [0.5, None]


def test_batches_are_joined_and_every_image_has_its_own_numbers():
    both = Judged.joined([judged(2, 0.3), judged(1, 0.6)])
    assert [item["deletion"] for item in both.items()] == pytest.approx([0.3, 0.3, 0.6])
    assert [item["beaten"] for item in both.items()] == [1, 1, 0]
    assert both.cascade.correlations.shape == (2, 3)
    untouched, left = ends_of(both.areas, 0.9)
    assert (untouched["value"], untouched["level"]) == (pytest.approx(0.9), 0.9)
    assert {fill: one["value"] for fill, one in left.items()} == pytest.approx({"blur": 0.2, "mean": 0.1})


def test_what_adds_up_is_counted_and_what_does_not_is_said():
    plain = judged(4, 0.3)
    assert "completeness" not in quality_of("gradcam", plain, 0.95)
    steps = np.array([16.0, 16, 48, 1296])
    found = Judged.joined([replace(plain, errors=np.array([0.001, 0.01, 0.0, 0.2]), points=steps)])
    complete = quality_of("integrated_gradients", found, 0.95)["completeness"]
    assert complete["complete"]["value"] == 0.75
    assert (complete["largest"], complete["steps"]) == (0.2, 1296)
    assert [item["completeness_error"] for item in found.items()] == [0.001, 0.01, 0.0, 0.2]


def test_pairs_are_named():
    (found,) = alike_of({("a", "b"): np.array([0.5, 0.7, np.nan])}, 0.95)
    assert found["methods"] == ["a", "b"]
    assert found["correlation"]["value"] == pytest.approx(0.6)


def test_intervals_are_over_groups_where_there_are_some():
    """Every image stands there four times: only the groups say that this is no more than one of each."""
    rng, once = np.random.default_rng(0), judged(10, 0.3)
    once = replace(once, areas=replace(once.areas, own=rng.uniform(0.1, 0.6, (10, 2, 2))))
    once = replace(once, errors=np.where(np.arange(10) < 3, 0.5, 0.0), points=np.full(10, 16.0))
    many, groups = Judged.joined([once] * 4), np.tile(np.arange(10), 4)
    for found, wide in ((quality_of("a", many, 0.95, groups), True), (quality_of("a", many, 0.95), False)):
        alone = quality_of("a", once, 0.95, np.arange(10))
        for one, other in (
            (found["removal"]["blur"]["deletion"]["own"], alone["removal"]["blur"]["deletion"]["own"]),
            (found["completeness"]["complete"], alone["completeness"]["complete"]),
        ):
            assert one["value"] == pytest.approx(other["value"])
            if wide:
                assert (one["low"], one["high"]) == pytest.approx((other["low"], other["high"]))
            else:
                assert one["high"] - one["low"] < 0.8 * (other["high"] - other["low"])
    (untouched, _), (pair,) = ends_of(many.areas, 0.95, groups), alike_of({("a", "b"): rng.random(40)}, 0.95, groups)
    assert untouched["method"] == pair["correlation"]["method"] == "jackknife, groups"
