"""What of a photo the model sees, in the photo's own pixels."""

import numpy as np
import pytest
import torch

from sightline.data.preprocessing import Preprocessing


@pytest.mark.parametrize(("width", "height"), [(300, 200), (128, 256), (200, 200), (90, 400)])
@pytest.mark.parametrize("crop_fraction", [1.0, 0.75])
def test_what_is_seen_is_what_the_square_shows(width: int, height: int, crop_fraction: float):
    preprocessing = Preprocessing(48, (0.0,) * 3, (1.0,) * 3, "bilinear", crop_fraction, ("a", "b"))
    left, top, right, bottom = preprocessing.seen(width, height)
    photo = np.zeros((height, width, 3), dtype=np.uint8)
    photo[round(top) : round(bottom), round(left) : round(right)] = 255

    def square(pixels: np.ndarray) -> np.ndarray:
        batch = torch.from_numpy(pixels.transpose(2, 0, 1)[None].copy())
        return preprocessing.transform().square(batch, torch.tensor([[height, width]])).numpy()

    assert square(photo)[..., 2:-2, 2:-2].min() == 255, "all that the square shows is inside"
    assert square(255 - photo)[..., 2:-2, 2:-2].max() == 0
    inner = np.zeros_like(photo)
    margin = 0.06 * (right - left)
    inner[round(top + margin) : round(bottom - margin), round(left + margin) : round(right - margin)] = 255
    assert square(inner)[..., 24, 0].max() < 128, "and reaches to its edge"
    assert square(inner)[..., 0, 24].max() < 128
