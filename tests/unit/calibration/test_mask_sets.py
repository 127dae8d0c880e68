"""What sets of pixels promise is held over many draws, by images, whatever these are like."""

import numpy as np
import pytest

from sightline.calibration.mask_sets import PixelAnswers, fit_sets, judge_sets
from sightline.metrics.intervals.resampling import Resampling

RESAMPLING = Resampling(0.95, 100, 0)


def answers(rng: np.random.Generator, images: int, groups: int | None = None) -> PixelAnswers:
    """Images of unlike size and difficulty, each with other classes: the second is rare, and small where it is."""
    sizes = rng.choice([4, 16, 64], p=[0.4, 0.3, 0.3], size=images)
    owner = (
        None
        if groups is None
        else np.sort(np.concatenate([np.arange(groups), rng.integers(groups, size=images - groups)]))
    )
    hard = rng.beta(1.5, 3, images) if owner is None else rng.beta(1.5, 3, groups)[owner]
    held = np.where(rng.random(images) < 0.4, rng.beta(1, 3, images), 0.0)
    image = np.repeat(np.arange(images), sizes)
    labels = np.where(rng.random(len(image)) < held[image], 1, 2 * rng.integers(2, size=len(image)))
    logits = rng.normal(size=(len(image), 3)) * 2
    logits[np.arange(len(image)), labels] += 4 * (1 - hard[image]) - 1.5 * (labels == 1)
    return PixelAnswers(softmax(logits), labels, image, owner)


def softmax(logits: np.ndarray) -> np.ndarray:
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


def missed_by_image(found: PixelAnswers, threshold: float, label: int | None) -> np.ndarray:
    """Plainly: of each image with such pixels, the share of them whose class is not in their set."""
    wanted = np.ones(len(found.labels), bool) if label is None else found.labels == label
    missed = found.of_truth < threshold
    return np.array([missed[wanted & (found.images == one)].mean() for one in np.unique(found.images[wanted])])


@pytest.mark.parametrize(("images", "alpha"), [(20, 0.1), (60, 0.1), (60, 0.3)])
def test_what_is_promised_is_held_over_many_draws(images: int, alpha: float):
    rng = np.random.default_rng(images)
    new = answers(np.random.default_rng(9), 1500)
    every, rare = [], []
    for _ in range(150):
        of_pixels, of_classes = fit_sets(answers(rng, images), [alpha])
        every.append(float(np.mean(missed_by_image_fast(new, of_pixels["threshold"], None))))
        threshold = of_classes["threshold"][1]
        rare.append(0.0 if threshold is None else float(np.mean(missed_by_image_fast(new, threshold, 1))))
    for each in (every, rare):
        error = np.std(each) / np.sqrt(len(each))
        assert np.mean(each) < alpha + 3 * error + 0.01  # the population itself is of 1500 images
    assert np.mean(every) > alpha - 1 / images - 0.02  # and no more cautious than it must be


def missed_by_image_fast(found: PixelAnswers, threshold: float, label: int | None) -> np.ndarray:
    wanted = np.ones(len(found.labels), bool) if label is None else found.labels == label
    images = found.images[wanted]
    missed = np.bincount(images, weights=found.of_truth[wanted] < threshold)
    counts = np.bincount(images)
    return missed[counts > 0] / counts[counts > 0]


def test_groups_count_as_one():
    rng = np.random.default_rng(3)
    new = answers(np.random.default_rng(9), 1500, groups=300)
    found = []
    for _ in range(150):
        (of_pixels, _) = fit_sets(answers(rng, 60, groups=12), [0.1])
        by_image = missed_by_image_fast(new, of_pixels["threshold"], None)
        by_group = np.bincount(new.groups, weights=by_image) / np.bincount(new.groups)
        found.append(by_group.mean())
    assert np.mean(found) < 0.1 + 3 * np.std(found) / np.sqrt(150) + 0.01
    assert np.mean(found) > 0.1 - 1 / 12 - 0.02


def test_a_threshold_misses_what_it_may_and_no_more():
    some = answers(np.random.default_rng(0), 40)
    (of_pixels, of_classes) = fit_sets(some, [0.1])
    budget = (0.1 * 41 - 1) / 40
    threshold = of_pixels["threshold"]
    assert missed_by_image(some, threshold, None).mean() <= budget + 1e-9
    assert missed_by_image(some, np.nextafter(threshold, 1), None).mean() > budget
    holding = len(np.unique(some.images[some.labels == 1]))
    own = missed_by_image(some, of_classes["threshold"][1], 1)
    assert len(own) == holding
    assert own.sum() + 1 <= 0.1 * (holding + 1) + 1e-9


def test_too_few_images_promise_nothing_and_say_so():
    few = answers(np.random.default_rng(1), 8)
    (of_pixels, of_classes) = fit_sets(few, [0.1])
    assert of_pixels["threshold"] is None
    lacking = "fewer than 9 images with a mask in the half that sets come from: every set holds every class"
    assert of_pixels["empty_promise"] == lacking
    assert of_classes["threshold"] == [None] * 3
    assert of_classes["empty_promise"] == "fewer than 9 images hold 3 of 3 classes, which are in every set"
    judged = judge_sets([of_pixels, of_classes], few, RESAMPLING)
    assert [one["missed"]["value"] for one in judged] == [0, 0]
    assert [one["size"]["value"] for one in judged] == [3, 3]
    assert "Of the pixels of a further image, sets lack the true class for 10% at most" in of_pixels["promise"]


def test_sets_are_judged_by_image():
    some = answers(np.random.default_rng(2), 50)
    (of_pixels, of_classes) = judge_sets(fit_sets(some, [0.2]), answers(np.random.default_rng(5), 80), RESAMPLING)
    new = answers(np.random.default_rng(5), 80)
    plain = missed_by_image(new, of_pixels["threshold"], None)
    assert of_pixels["missed"]["value"] == pytest.approx(plain.mean())
    assert of_pixels["missed"]["low"] < plain.mean() < of_pixels["missed"]["high"]
    each = [missed_by_image(new, of_classes["threshold"][label], label).mean() for label in range(3)]
    assert [one["value"] for one in of_classes["missed_by_class"]] == pytest.approx(each)
    assert of_classes["missed"]["value"] == pytest.approx(np.mean(each))
    held = (new.probabilities >= np.array(of_classes["threshold"])).sum(axis=1)
    assert of_classes["size"]["value"] == pytest.approx(np.mean([held[new.images == one].mean() for one in range(80)]))
    assert of_classes["size"]["low"] >= 1 or of_classes["size"]["value"] < 1.5
