import pytest
import torch
from torchvision.transforms.v2 import functional as tv

from sightline.data.transforms.policies.operations import OPERATIONS

ORACLES = {
    "brightness": lambda image, value: tv.adjust_brightness(image, 1 + value),
    "color": lambda image, value: tv.adjust_saturation(image, 1 + value),
    "contrast": lambda image, value: tv.adjust_contrast(image, 1 + value),
    "sharpness": lambda image, value: tv.adjust_sharpness(image, 1 + value),
    "posterize": lambda image, value: tv.posterize(image, int(value)),
    "solarize": lambda image, value: tv.solarize(image, 255 * value),
    "autocontrast": lambda image, _: tv.autocontrast(image),
    "equalize": lambda image, _: tv.equalize(image),
    "invert": lambda image, _: tv.invert(image),
}
STRENGTHS = {"posterize": [8, 7, 4, 0], "solarize": [1.0, 0.7, 0.5, 0.0]}
CUTS_OFF = {"brightness": 1, "color": 2, "contrast": 2, "sharpness": 1, "autocontrast": 1}
"""By how much torchvision's habit of cutting fractions off can differ from rounding; the others agree to the bit."""


def images():
    generator = torch.Generator().manual_seed(0)
    smooth = torch.rand(4, 3, 5, 7, generator=generator)
    smooth = torch.nn.functional.interpolate(smooth, size=(33, 31), mode="bicubic").clamp(0, 1)
    narrow = smooth * torch.tensor([1.0, 0.6, 0.3, 0.9])[:, None, None, None] + 0.05
    return (narrow * 255).clamp(0, 255).to(torch.uint8)


@pytest.mark.parametrize("name", OPERATIONS)
def test_each_operation_is_torchvisions(name):
    batch, strengths = images(), STRENGTHS.get(name, [-0.9, -0.3, 0.27, 0.99])
    output = OPERATIONS[name](batch, torch.tensor(strengths, dtype=torch.float32)[:, None, None, None])
    assert output.dtype == torch.uint8
    for image, strength, got in zip(batch, strengths, output, strict=True):
        expected = ORACLES[name](image, strength)
        assert (got.int() - expected.int()).abs().max() <= CUTS_OFF.get(name, 0)


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("value", [0, 100, 255])
def test_a_flat_image_stays_sound(name, value):
    flat = torch.full((1, 3, 16, 16), value, dtype=torch.uint8)
    strength = float(STRENGTHS.get(name, [0.5])[-1])
    got = OPERATIONS[name](flat, torch.full((1, 1, 1, 1), strength))
    assert (got.int() - ORACLES[name](flat[0], strength).int()).abs().max() <= 1


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_image_comes_out_the_same_in_any_batch(name):
    batch = torch.cat([images()] * 8)
    strengths = torch.tensor(STRENGTHS.get(name, [-0.9, -0.3, 0.27, 0.99]) * 8)[:, None, None, None]
    together = OPERATIONS[name](batch, strengths)
    alone = torch.cat([OPERATIONS[name](batch[i : i + 1], strengths[i : i + 1]) for i in range(len(batch))])
    assert torch.equal(together, alone)


def test_no_change_is_none():
    batch, nothing = images(), torch.zeros(4, 1, 1, 1)
    for name in ("brightness", "color", "contrast", "sharpness"):
        assert torch.equal(OPERATIONS[name](batch, nothing), batch)
    assert torch.equal(OPERATIONS["posterize"](batch, nothing + 8), batch)


def test_sharpness_leaves_images_without_an_inside_alone():
    tiny = torch.randint(0, 256, (1, 3, 2, 9), dtype=torch.uint8)
    assert torch.equal(OPERATIONS["sharpness"](tiny, torch.full((1, 1, 1, 1), 0.9)), tiny)
