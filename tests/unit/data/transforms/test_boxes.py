import numpy as np
import pytest
import torch
from torchvision.transforms import RandomResizedCrop

from sightline.data.randomness import uniform
from sightline.data.transforms.boxes import SLOTS, centred_boxes, draw_boxes

SCALE, RATIO = (0.2, 0.8), (0.5, 2.0)


def drawn(n, shape, scale=SCALE, ratio=RATIO, margin=0):
    sizes = np.tile(np.array(shape, dtype=np.int64), (n, 1))
    return draw_boxes(sizes, scale, ratio, uniform(0, 0, np.arange(n), SLOTS, "crop"), margin)


@pytest.mark.parametrize("margin", [0, 1])
def test_boxes_are_whole_and_lie_within_the_image(margin):
    boxes, found = drawn(2000, (40, 60), margin=margin)
    assert found.mean() > 0.99
    top, left, height, width = boxes[found].T
    assert np.array_equal(boxes, np.round(boxes))
    assert (top >= 0).all()
    assert (left >= 0).all()
    assert (height >= 1).all()
    assert (width >= 1).all()
    assert (top + height).max() == 40
    assert (left + width).max() == 60
    assert height.max() == 40 - margin
    assert not boxes[~found].any()


def test_areas_shapes_and_places_have_the_spread_asked_for():
    boxes, found = drawn(4000, (400, 400), ratio=(0.8, 1.25))
    top, _, height, width = boxes[found].T
    share, ratio = height * width / 400**2, width / height
    assert found.mean() > 0.999
    assert share.min() == pytest.approx(0.2, abs=0.01)
    assert share.max() == pytest.approx(0.8, abs=0.01)
    assert share.mean() == pytest.approx(0.5, abs=0.01)
    assert np.log(ratio).mean() == pytest.approx(0.0, abs=0.01)
    assert np.percentile(np.log(ratio), 75) == pytest.approx(np.log(1.25) / 2, abs=0.02)
    assert (top / np.maximum(400 - height, 1)).mean() == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("shape", [(10, 100), (100, 10), (1, 50), (33, 34)])
def test_the_fallback_is_that_of_torchvision(shape):
    # Nine times the image's area never fits, so both take their fallback.
    _, found = drawn(20, shape, scale=(9.0, 9.0))
    expected = RandomResizedCrop.get_params(torch.zeros(3, *shape), [9.0, 9.0], [0.75, 4 / 3])
    assert not found.any()
    assert centred_boxes(np.array([shape]), (0.75, 4 / 3))[0].tolist() == list(expected)
