"""Parts of a set of masks put together say which image each sampled pixel is of."""

import numpy as np
import pytest

from sightline.metrics.segmentation.predictions import MaskPredictions


def part(names: list[str], images: list[int]) -> MaskPredictions:
    return MaskPredictions(
        np.array(names),
        np.ones((len(names), 2, 2), dtype=np.int64),
        np.arange(len(names)),
        np.zeros((len(images), 2), dtype=np.float32),
        np.zeros(len(images), dtype=np.int64),
        np.array(images, dtype=np.int64),
    )


def test_pixels_keep_their_image():
    joined = MaskPredictions.joined([part(["a", "b"], [0, 1, 1]), part(["c"], []), part(["d", "e"], [0, 1])])
    assert len(joined) == 5
    assert joined.ids[joined.pixel_images].tolist() == ["a", "b", "b", "d", "e"]
    assert joined.confusions.shape == (5, 2, 2)


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("confusions", np.zeros((2, 2, 3))),
        ("ignored", np.zeros(1)),
        ("pixel_logits", np.zeros((3, 3))),
        ("pixel_images", np.array([0, 1, 2])),
        ("pixel_labels", np.array([0, 1, 2])),
    ],
)
def test_arrays_that_do_not_fit_are_refused(name: str, array: np.ndarray):
    arrays = part(["a", "b"], [0, 1, 1]).to_arrays()
    MaskPredictions.from_arrays(arrays)
    with pytest.raises(ValueError, match=r"fit|of 2"):
        MaskPredictions.from_arrays({**arrays, name: array})
