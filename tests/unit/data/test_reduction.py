"""What is kept of an image, and how large."""

import numpy as np
import pytest
from PIL import Image

from sightline.data.reduction import Reduction, central


@pytest.mark.parametrize(
    ("reduction", "size", "stored"),
    [
        (Reduction(), (300, 100), (200, 100)),
        (Reduction(None, None), (300, 100), (300, 100)),
        (Reduction(50), (300, 100), (100, 50)),
        (Reduction(50, None), (300, 100), (150, 50)),
        (Reduction(50, None), (100, 5000), (50, 2500)),
        (Reduction(100, None), (7, 999), (7, 999)),
        (Reduction(32), (33, 47), (32, 46)),
        (Reduction(1, None), (1, 1), (1, 1)),
    ],
)
def test_sizes(reduction: Reduction, size: tuple[int, int], stored: tuple[int, int]):
    assert reduction.stored(*size) == stored
    assert reduction.apply(Image.new("RGB", size)).size == stored


def test_the_middle_is_kept_and_where_all_is_kept_the_ends_are_too():
    row = np.zeros((10, 60, 3), dtype=np.uint8)
    row[:, :10], row[:, 25:35] = 255, 128
    image = Image.fromarray(row)
    cut = np.asarray(Reduction().apply(image))
    assert cut.shape == (10, 20, 3)
    assert (cut == row[:, 20:40]).all()
    assert (np.asarray(Reduction(None, None).apply(image)) == row).all()
    assert central(image, (60, 10)) is image
