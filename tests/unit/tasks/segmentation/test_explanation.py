"""Which class of which masks is explained, and the number that a map speaks for."""

import numpy as np
import pytest
import torch

from sightline.errors import UsageError
from sightline.explain.targets import NONE
from sightline.metrics.segmentation.predictions import MaskPredictions
from sightline.tasks.segmentation.explanation import (
    chosen_class,
    class_of_mask,
    explanation,
    most_called,
    other_class,
)

NAMES = ("background", "cat", "dog")


def predictions(*confusions: list[list[int]]) -> MaskPredictions:
    none = np.zeros(0, dtype=np.int64)
    ids = np.array([f"image {number}" for number in range(len(confusions))])
    ignored = np.zeros(len(ids), dtype=np.int64)
    return MaskPredictions(ids, np.array(confusions), ignored, np.zeros((0, 3), dtype=np.float32), none, none)


SOME = predictions(
    [[90, 10, 0], [0, 0, 0], [0, 0, 0]],  # a cat where none is
    [[50, 0, 0], [10, 20, 0], [0, 0, 20]],  # cat and dog alike: the first
    [[80, 0, 0], [0, 20, 0], [0, 0, 0]],  # a cat, wholly found
    [[99, 0, 0], [0, 0, 0], [1, 0, 0]],  # nothing but background
    [[0, 0, 0], [0, 0, 0], [0, 0, 0]],  # nothing counts
    [[0, 0, 30], [0, 0, 0], [0, 0, 70]],  # a dog, by 70 of 100 pixels
)


def test_of_each_class_the_images_with_the_best_and_the_worst_iou():
    found = explanation(SOME, NAMES, None, classes=9, per_class=1)
    assert found.rows.tolist() == [3, 2, 0, 5]
    assert found.targets.tolist() == [0, 1, 1, 2]
    assert [item["iou"] for item in found.items] == pytest.approx([0.99, 1.0, 0.0, 0.7])
    assert found.right == [True, True, False, True]
    assert found.titles[1] == "cat\nIoU 100%"
    assert [item["id"] for item in found.items] == [f"image {row}" for row in found.rows]
    assert explanation(SOME, NAMES, None, classes=1, per_class=5).rows.tolist() == [3]


def test_a_class_by_its_name_where_it_is_predicted():
    found = explanation(SOME, NAMES, chosen_class("dog", NAMES), classes=9, per_class=5)
    assert (found.rows.tolist(), set(found.targets.tolist())) == ([1, 5], {2})
    assert chosen_class(None, NAMES) is None
    with pytest.raises(UsageError, match=r"explain\.mask_class=cow is no class; there are background, cat"):
        chosen_class("cow", NAMES)


def test_a_class_is_set_against_another():
    found = explanation(SOME, NAMES, None, classes=9, per_class=1, versus=1)
    assert found.rows.tolist() == [3, 2, 0, 5]
    assert found.targets.tolist() == [[0, 1], [1, 0], [1, 0], [2, 1]]
    assert found.titles[1] == "cat, not background\nIoU 100%"
    assert [item["versus"] for item in found.items] == [1, 0, 0, 1]
    whole = predictions([[0, 0, 0], [0, 9, 0], [0, 0, 0]])
    assert explanation(whole, NAMES, None, 9, 1, versus=1).targets.tolist() == [[1, NONE]], "nothing else is called"
    assert other_class("dog", NAMES, "cat") == 2
    with pytest.raises(UsageError, match=r"explain\.versus=dog is the class that explain\.mask_class names"):
        other_class("dog", NAMES, "dog")
    with pytest.raises(UsageError, match=r"explain\.versus=cow is no class; there are background"):
        other_class("cow", NAMES, None)


def test_the_background_is_explained_only_where_nothing_else_is_called():
    called = np.array([[99, 1, 0], [100, 0, 0], [0, 40, 60]])
    assert most_called(called, NAMES).tolist() == [1, 0, 2]
    assert most_called(called, ("sky", "cat", "dog")).tolist() == [0, 0, 2]


def test_the_score_is_the_mean_logit_over_the_pixels_that_are_called_the_class():
    logits = torch.randn(3, 3, 4, 5)
    logits[2, 1] = -100
    logits.requires_grad_()
    targets = torch.tensor([1, 2, 1])
    found = class_of_mask(logits, targets)
    for image, target, value in zip(logits, targets.tolist(), found, strict=True):
        called = image.argmax(dim=0) == target
        expected = image[target][called].mean() if called.any() else torch.zeros(())
        torch.testing.assert_close(value, expected)
    found.sum().backward()  # type: ignore[no-untyped-call]
    assert logits.grad is not None
    assert not logits.grad[2].any(), "a class that is called nowhere has no map"
    apart = class_of_mask(logits, torch.tensor([[1, NONE], [2, 0], [1, 0]]))
    called = logits[1].argmax(dim=0) == 2
    torch.testing.assert_close(apart[0], found[0])
    torch.testing.assert_close(apart[1], (logits[1, 2] - logits[1, 0])[called].mean())
