"""Whole images as squares: where each pixel goes, and what stands where there is none."""

import numpy as np
import pytest
import torch
from PIL import Image

from sightline.data.transforms.fit import squares
from tests.unit.data.transforms.test_resizing import padded, photograph

SHAPES = [(90, 61), (61, 130), (20, 33), (48, 48), (7, 300)]
GREY = (10.4, 20.0, 30.0)


def as_pillow(image: torch.Tensor) -> Image.Image:
    return Image.fromarray(image[0].permute(1, 2, 0).numpy())


def difference(square: torch.Tensor, image: Image.Image) -> int:
    expected = torch.from_numpy(np.array(image)).permute(2, 0, 1).int()
    return int((square.int() - expected).abs().max())


@pytest.mark.parametrize("shape", SHAPES)
def test_squash_is_pillows_resize(shape):
    image = photograph(*shape)
    got, sizes = squares("squash", np.array([40]), image, np.array([shape]), "bicubic", GREY)
    assert sizes.tolist() == [[40, 40]]
    assert difference(got[0], as_pillow(image).resize((40, 40), Image.Resampling.BICUBIC)) <= 1


@pytest.mark.parametrize("shape", SHAPES)
def test_letterbox_is_pillows_resize_between_bars(shape):
    image = photograph(*shape)
    got, sizes = squares("letterbox", np.array([40]), image, np.array([shape]), "bicubic", GREY)
    assert sizes.tolist() == [[40, 40]]
    height, width = (max(1, round(side * 40 / max(shape))) for side in shape)
    expected = Image.new("RGB", (40, 40), (10, 20, 30))
    inner = as_pillow(image).resize((width, height), Image.Resampling.BICUBIC)
    expected.paste(inner, ((40 - width) // 2, (40 - height) // 2))
    assert difference(got[0], expected) <= 1


@pytest.mark.parametrize("fit", ["letterbox", "squash"])
def test_each_image_of_a_ragged_batch_is_fitted_as_if_alone(fit):
    images = [photograph(*shape, seed) for seed, shape in enumerate(SHAPES)]
    sides = np.array([40, 40, 33, 40, 80])
    for filler in (0, 255):
        batch, sizes = padded(images, filler)
        got, shapes = squares(fit, sides, batch, sizes, "bilinear", GREY)
        assert got.shape == (5, 3, 80, 80)
        for row, side in enumerate(sides.tolist()):
            alone, _ = squares(fit, sides[row : row + 1], images[row], sizes[row : row + 1], "bilinear", GREY)
            assert shapes[row].tolist() == [side, side]
            assert torch.equal(got[row, :, :side, :side], alone[0])


@pytest.mark.parametrize("fit", ["letterbox", "squash"])
def test_a_square_of_the_right_size_comes_back_untouched(fit):
    batch, sizes = padded([photograph(40, 40)], 7)
    got, _ = squares(fit, np.array([40]), batch, sizes, "bicubic", GREY)
    assert torch.equal(got, batch[:, :, :40, :40])


def test_masks_keep_their_values():
    masks = torch.randint(0, 4, (1, 1, 30, 90), dtype=torch.uint8)
    got, _ = squares("letterbox", np.array([45]), masks, np.array([[30, 90]]), "nearest", (255.0,))
    assert set(got.unique().tolist()) == {0, 1, 2, 3, 255}
    assert (got[0, 0, :15] == 255).all()
    assert (got[0, 0, 30:] == 255).all()
    assert (got[0, 0, 15:30] < 4).all()
