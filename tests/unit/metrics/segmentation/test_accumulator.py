"""Scores of masks are scikit-learn's on flattened labels, whatever the batches."""

import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from sightline.metrics.segmentation.accumulator import MaskMetrics, confusion_of
from sightline.metrics.segmentation.scoring import ScoredMasks


@st.composite
def masks(draw):
    """Truth with ignored pixels and absent classes, and answers: of classes that are never true, too."""
    classes, images = draw(st.integers(2, 7)), draw(st.integers(1, 5))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = (images, draw(st.integers(1, 9)), draw(st.integers(1, 9)))
    truth = rng.integers(draw(st.integers(1, classes)), size=shape)
    predicted = np.where(rng.random(shape) < 0.6, truth, rng.integers(draw(st.integers(1, classes)), size=shape))
    truth[rng.random(shape) < draw(st.sampled_from([0, 0.3]))] = 255
    truth[0, 0, 0] = 0  # some pixel counts
    return classes, truth, predicted


@given(masks())
@settings(max_examples=80, deadline=None)
def test_scores_are_scikit_learns_on_flattened_labels(case):
    classes, truth, predicted = case
    metrics = MaskMetrics(classes)
    for start in range(0, len(truth), 2):
        metrics.update(predicted[start : start + 2], truth[start : start + 2])
    counted = truth != 255
    flat = truth[counted], predicted[counted]
    present, seen = np.unique(np.concatenate(flat)), np.unique(flat[0])
    none = {"zero_division": 0}
    expected = {
        "mean_iou": sk.jaccard_score(*flat, average="macro", **none),
        "mean_dice": sk.f1_score(*flat, average="macro", **none),
        "mean_precision": sk.precision_score(*flat, average="macro", **none),
        "mean_recall": sk.recall_score(*flat, labels=seen, average="macro", **none),
        "micro_iou": sk.jaccard_score(*flat, average="micro"),
        "micro_dice": sk.f1_score(*flat, average="micro"),
        "pixel_accuracy": sk.accuracy_score(*flat),
    }
    by_image = [(one[one != 255], other[one != 255]) for one, other in zip(truth, predicted, strict=True)]
    by_image = [pair for pair in by_image if len(pair[0])]
    expected["image_iou"] = np.mean([sk.jaccard_score(*pair, average="macro", **none) for pair in by_image])
    expected["image_dice"] = np.mean([sk.f1_score(*pair, average="macro", **none) for pair in by_image])
    expected["image_accuracy"] = np.mean([sk.accuracy_score(*pair) for pair in by_image])
    assert metrics.compute() == pytest.approx(expected, abs=1e-12)
    functions = {"iou": sk.jaccard_score, "dice": sk.f1_score, "precision": sk.precision_score}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, function in {**functions, "recall": sk.recall_score}.items():
            nan = np.nan if name in {"precision", "recall"} else 0
            found = function(*flat, labels=range(classes), average=None, zero_division=nan)
            found[~np.isin(np.arange(classes), present)] = np.nan
            assert metrics.per_class()[name] == pytest.approx(found, abs=1e-12, nan_ok=True)


def test_logits_of_a_tensor_count_as_their_labels_do():
    rng = torch.Generator().manual_seed(0)
    logits = torch.randn(3, 4, 5, 6, generator=rng)
    target = torch.randint(4, (3, 5, 6), generator=rng)
    one, other = MaskMetrics(4), MaskMetrics(4)
    one.update(logits, target)
    other.update(logits.argmax(dim=1).numpy(), target.numpy())
    assert one.compute() == other.compute()


def test_after_a_reset_nothing_is_left():
    metrics = MaskMetrics(2)
    metrics.update(np.zeros((1, 2, 2), int), np.ones((1, 2, 2), int))
    metrics.reset()
    assert all(np.isnan(value) for value in metrics.compute().values())
    metrics.update(np.zeros((1, 2, 2), int), np.zeros((1, 2, 2), int))
    assert metrics.compute()["mean_iou"] == 1.0


def test_images_and_pixels_weigh_as_they_should():
    """A large image that is right and a small one that is wrong: by pixels nearly right, by images half."""
    large, small = np.zeros((1, 100, 100), int), np.zeros((1, 10, 10), int)
    metrics = MaskMetrics(2)
    metrics.update(large, large)
    metrics.update(small + 1, small)
    found = metrics.compute()
    assert found["pixel_accuracy"] == pytest.approx(10000 / 10100)
    assert found["image_accuracy"] == 0.5
    assert found["mean_iou"] == pytest.approx((10000 / 10100 + 0) / 2)
    assert found["image_iou"] == pytest.approx((1 + 0) / 2)
    assert metrics.per_class()["iou"] == pytest.approx([10000 / 10100, 0])


def test_what_is_ignored_is_so_by_the_truth_alone():
    truth, predicted = np.array([[[0, 1, 255]]]), np.array([[[0, 0, 1]]])
    metrics = MaskMetrics(2)
    metrics.update(predicted, truth)
    assert metrics.compute()["pixel_accuracy"] == 0.5
    with pytest.raises(ValueError, match="predicted holds the label 255; 2 classes count from 0"):
        metrics.update(np.array([[[0, 255, 0]]]), truth)


def test_what_does_not_fit_is_refused():
    metrics = MaskMetrics(3)
    with pytest.raises(ValueError, match=r"predicted \(1, 4, 2, 2\) for target \(1, 2, 2\)"):
        metrics.update(np.zeros((1, 4, 2, 2)), np.zeros((1, 2, 2)))
    with pytest.raises(ValueError, match="target holds the label 3; 3 classes count from 0"):
        metrics.update(np.zeros((1, 1, 1), int), np.full((1, 1, 1), 3))
    with pytest.raises(ValueError, match="1 classes"):
        MaskMetrics(1)


def test_no_ignored_label_counts_every_pixel():
    truth = np.array([[0, 255]])
    assert confusion_of(truth, truth, 256, None).sum() == 2
    assert ScoredMasks(confusion_of(truth, truth, 256, 255)[None]).values()["pixel_accuracy"] == 1
