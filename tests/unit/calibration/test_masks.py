"""Probabilities of pixels: a temperature that mends them, fitted and judged by whole images."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import softmax

from sightline.calibration.masks import SampledPixels, calibrate_masks, judge_masks
from sightline.errors import UsageError
from sightline.metrics.intervals.resampling import Resampling
from sightline.metrics.segmentation.predictions import MaskPredictions

RESAMPLING = Resampling(0.95, 100, 0)


def drawn(images: int, sharpness: float = 1.0, seed: int = 0, pixels: int = 20) -> MaskPredictions:
    """Sampled pixels whose labels are drawn from their probabilities; then logits are sharpened."""
    rng = np.random.default_rng(seed)
    image = np.repeat(np.arange(images), pixels)
    logits = rng.normal(size=(len(image), 3)) * 1.5 + rng.normal(size=(images, 3))[image]
    labels = (softmax(logits, axis=1).cumsum(axis=1) > rng.random((len(image), 1))).argmax(axis=1)
    confusions = np.zeros((images, 3, 3), dtype=np.int64)
    np.add.at(confusions, (image, labels, logits.argmax(axis=1)), 1)
    ids = np.array([f"image{index}" for index in range(images)])
    return MaskPredictions(
        ids, confusions, np.zeros(images, int), (sharpness * logits).astype(np.float32), labels, image
    )


def calibrated(predictions: MaskPredictions, held_out=None, groups=None):
    resampling = replace(RESAMPLING, groups=groups)
    return calibrate_masks(predictions, alphas=(0.1,), resampling=resampling, bins=15, held_out=held_out)


def test_a_temperature_mends_sure_pixels():
    content = calibrated(drawn(60, 2.0), SampledPixels.of(drawn(40, 2.0, seed=1), None))
    assert json.loads(json.dumps(content)) == content
    assert content["temperature"] == pytest.approx(2, rel=0.15)
    assert content["gain"]["log_loss"]["high"] < 0
    assert content["after"]["ece_debiased"]["value"] < content["before"]["ece_debiased"]["value"]
    assert (content["n"], content["pixels"], content["judged_on"]) == (60, 1200, 40)
    assert content["n_temperature"] + content["n_promises"] == 60
    assert content["sampling"] == ("1,200 pixels of 60 images: of each up to 20, drawn at random from those that count")
    assert all("missed" in one for one in content["sets"])


def test_images_are_what_counts_not_pixels():
    """As many pixels from fewer images leave more open."""
    widths = []
    for images, pixels in ((20, 60), (120, 10)):
        content = calibrated(drawn(images, 2.0, pixels=pixels))
        assert content["temperature_fit"]["n_groups"] == content["n_temperature"] == images // 2
        widths.append(content["before"]["log_loss"]["high"] - content["before"]["log_loss"]["low"])
    assert widths[0] > 1.3 * widths[1]


def test_whole_groups_stay_in_one_half():
    groups = np.arange(60) // 6
    content = calibrated(drawn(60), groups=groups)
    assert content["n_groups"] == 10
    assert content["n_temperature"] % 6 == content["n_promises"] % 6 == 0
    assert "fewer than 9 groups" in content["sets"][0]["empty_promise"]


def test_another_split_is_judged_as_it_is_and_its_own_cross_fitted():
    content, test = calibrated(drawn(60, 2.0)), drawn(50, 2.0, seed=3)
    found = judge_masks(content, "test", test, RESAMPLING)
    assert not found["cross_fitted"]
    assert found["metrics"]["log_loss"]["value"] < found["before"]["log_loss"]["value"]
    one = found["sets"][0]
    assert one["missed"]["low"] <= 0.1
    own = judge_masks(content, "calibration", drawn(60, 2.0), RESAMPLING)
    assert own["cross_fitted"]
    assert own["sets"] == []
    assert own["metrics"] == content["after"]


def test_images_without_sampled_pixels_are_left_out():
    some = drawn(60, 2.0)
    ids = np.array([*some.ids, "void"])
    more = MaskPredictions(
        ids, np.concatenate([some.confusions, np.zeros((1, 3, 3), int)]), np.append(some.ignored, 400),
        some.pixel_logits, some.pixel_labels, some.pixel_images,
    )  # fmt: skip
    one, other = calibrated(some), calibrated(more)
    assert (other["n"], one["n"]) == (60, 60)
    assert {**other, "n": 60} == one
    grouped = calibrated(more, groups=np.append(np.arange(60) // 2, 30))
    assert grouped["n_temperature"] + grouped["n_promises"] == 60


def test_what_tells_nothing_is_refused():
    with pytest.raises(UsageError, match="has 1 image, and it takes two at least"):
        calibrated(drawn(1))
    none = replace(
        drawn(3),
        pixel_logits=np.zeros((0, 3), np.float32),
        pixel_labels=np.zeros(0, int),
        pixel_images=np.zeros(0, int),
    )
    with pytest.raises(UsageError, match="hold no logits of pixels"):
        calibrated(none)
