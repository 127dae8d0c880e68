"""What of a photo the model sees, in the photo's own pixels."""

import numpy as np
import pytest
import torch

from sightline.data.preprocessing import Preprocessing
from sightline.data.transforms.fit import Fit


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


@pytest.mark.parametrize(("width", "height"), [(300, 200), (90, 170)])
@pytest.mark.parametrize("fit", ["letterbox", "squash"])
def test_a_whole_image_is_seen_between_bars_or_at_another_ratio(width: int, height: int, fit: Fit):
    preprocessing = Preprocessing(48, (0.0,) * 3, (1.0,) * 3, "bilinear", 1.0, ("a", "b"), fit=fit)
    left, top, right, bottom = preprocessing.seen(width, height)
    off = 1.3 * max(width, height) / 48  # a pixel of the square, and what rounding takes
    photo = np.zeros((height, width, 3), dtype=np.uint8)
    photo[: height // 2, : width // 2] = 255  # its corner is the middle of the square
    batch = torch.from_numpy(photo.transpose(2, 0, 1)[None].copy())
    square = preprocessing.transform().square(batch, torch.tensor([[height, width]]))[0, 0].numpy() > 128
    rows, columns = np.flatnonzero(square.any(axis=1)), np.flatnonzero(square.any(axis=0))
    found = [columns[0] * (right - left) / 48 + left, rows[0] * (bottom - top) / 48 + top]
    assert found == pytest.approx([0, 0], abs=off)
    assert (columns[-1] + 1) * (right - left) / 48 + left == pytest.approx(width / 2, abs=off)
    assert (rows[-1] + 1) * (bottom - top) / 48 + top == pytest.approx(height / 2, abs=off)


@pytest.mark.parametrize(
    ("fit", "of_earlier", "now"),
    [
        ("squash", (150, 0, 350, 100), (0, 0, 500, 100)),
        ("letterbox", (150, -50, 350, 150), (0, -200, 500, 300)),
        ("whole", (150, 0, 350, 100), (0, 0, 500, 100)),
    ],
)
def test_of_a_very_long_image_all_is_seen_but_by_runs_of_earlier_versions(
    fit: Fit, of_earlier: tuple[int, ...], now: tuple[int, ...]
):
    preprocessing = Preprocessing(60, (0.0,) * 3, (1.0,) * 3, "bilinear", 1.0, ("a", "b"), fit=fit, longest=None)
    assert preprocessing.seen(500, 100) == pytest.approx(now)
    stored = preprocessing.to_json()
    assert Preprocessing.from_json(stored) == preprocessing
    del stored["longest"]
    assert Preprocessing.from_json(stored).seen(500, 100) == pytest.approx(of_earlier)


def test_where_a_square_out_of_the_middle_is_seen_a_very_long_image_is_cut():
    preprocessing = Preprocessing(48, (0.0,) * 3, (1.0,) * 3, "bilinear", 1.0, ("a", "b"))
    assert preprocessing.seen(500, 100) == (200, 0, 300, 100)
    assert preprocessing.reduction.stored(500, 100) == (96, 48)
