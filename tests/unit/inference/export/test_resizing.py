"""The squares of an exported file are those of the predictor, to the bit."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from sightline.data.preprocessing import Preprocessing
from sightline.data.store.decode import decode_opened
from sightline.inference.export.resizing import CropResize
from sightline.inference.predictor import Predictor

SHAPES = (
    *[(3, 3), (1, 50), (16, 90), (32, 32), (33, 33), (33, 41), (97, 47), (64, 64), (100, 131), (211, 64)],
    *[(255, 300), (256, 257), (427, 640), (640, 333)],
)


def squares(seen: Preprocessing, pixels: np.ndarray) -> torch.Tensor:
    """What the predictor makes of an image: Pillow's reduction, torch's enlargement, the middle."""
    picture = decode_opened(Image.fromarray(pixels), seen.reduction)
    return Predictor(nn.Identity(), seen, torch.device("cpu")).square([picture.pixels])


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@pytest.mark.parametrize(("side", "crop"), [(32, 1.0), (24, 0.875), (56, 0.95), (224, 0.875)])
def test_equal_to_the_bit_at_any_size(side: int, crop: float, interpolation: str):
    seen = Preprocessing(side, (0.5,) * 3, (0.25,) * 3, interpolation, crop, ("a", "b"))
    resize, rng = CropResize(seen), np.random.default_rng(side)
    for height, width in SHAPES:
        coarse = rng.integers(0, 256, (max(height // 5, 1), max(width // 5, 1), 3), dtype=np.uint8)
        smooth = np.array(Image.fromarray(coarse).resize((width, height)))
        for pixels in (smooth, rng.integers(0, 256, (height, width, 3), dtype=np.uint8)):  # and noise, which clips
            found = resize(torch.from_numpy(pixels)[None].permute(0, 3, 1, 2).double())
            assert torch.equal(found, squares(seen, pixels).double()), (height, width)


def test_a_resize_in_floating_point_would_not_do():
    """Why there are matrices: the interpolation of torch on floats, rounded, is levels off in many pixels."""
    seen = Preprocessing(32, (0.5,) * 3, (0.25,) * 3, "bicubic", 1.0, ("a", "b"))
    pixels = np.random.default_rng(0).integers(0, 256, (100, 100, 3), dtype=np.uint8)
    floats = torch.from_numpy(pixels)[None].permute(0, 3, 1, 2).float()
    found = nn.functional.interpolate(floats, size=(32, 32), mode="bicubic", antialias=True).round().clamp(0, 255)
    off = (found - squares(seen, pixels)).abs()
    assert off.max() >= 1
    assert (off > 0).float().mean() > 0.01
