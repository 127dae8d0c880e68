"""What operations do to images, beside torchvision's."""

import math

import numpy as np
import pytest
import torch
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2 import functional as tv

from sightline.data.transforms.geometry import Geometry, identity
from sightline.data.transforms.policies.apply import apply_operations, warps
from sightline.data.transforms.policies.draw import GEOMETRIC, Operations
from sightline.data.transforms.sampling import sample
from tests.unit.data.transforms.policies.peer import SIDE, photographs

BILINEAR = InterpolationMode.BILINEAR


def sheared(image, x=0.0, y=0.0):
    degrees = [math.degrees(math.atan(x)), math.degrees(math.atan(y))]
    return tv.affine(image, 0.0, [0, 0], 1.0, degrees, interpolation=BILINEAR, fill=0, center=[0, 0])


def moved(image, x=0, y=0):
    return tv.affine(image, 0.0, [int(x), int(y)], 1.0, [0.0, 0.0], interpolation=BILINEAR, fill=0)


WARPS = {
    "shear_x": lambda image, value: sheared(image, x=value),
    "shear_y": lambda image, value: sheared(image, y=value),
    "translate_x": lambda image, value: moved(image, x=value),
    "translate_y": lambda image, value: moved(image, y=value),
    "rotate": lambda image, value: tv.rotate(image, math.degrees(value), interpolation=BILINEAR, fill=0),
}


def warped(image, *steps):
    drawn = Operations(np.array([[name for name, _ in steps]]), np.array([[value for _, value in steps]]))
    geometry = Geometry(identity(1), warps(drawn, SIDE), SIDE)
    return sample(image, np.array([[SIDE, SIDE]]), geometry, "bilinear", (0.0, 0.0, 0.0))


@pytest.mark.parametrize("name", GEOMETRIC)
@pytest.mark.parametrize("value", [0.1, 0.3, -0.3, -0.7])
def test_each_warp_is_torchvisions(name, value):
    image = photographs()
    value = round(value * 10) if name.startswith("translate") else value
    expected = WARPS[name](image[0], value)
    # torchvision blends the outermost pixels with the fill; elsewhere only rounding may differ.
    clear = WARPS[name](torch.full_like(image[0], 255), value) == 255
    bare = WARPS[name](torch.full_like(image[0], 255), value) == 0
    got = warped(image, (name, value))[0]
    assert clear.float().mean() > 0.4
    assert (got.int() - expected.int())[clear].abs().max() <= 1
    assert (got[bare] == 0).all()


def test_two_warps_follow_each_other_in_their_order():
    image = photographs()
    steps = [("rotate", 0.3), ("shear_x", 0.25)]
    expected = image[0]
    for name, value in steps:
        expected = WARPS[name](expected, value)
    middle = (slice(None), slice(10, -10), slice(10, -10))
    differences = (warped(image, *steps)[0].int() - expected.int())[middle].abs()
    reverse = (warped(image, *steps[::-1])[0].int() - expected.int())[middle].abs()
    assert differences.float().mean() < 2
    assert reverse.float().mean() > 2 * differences.float().mean()


def test_operations_follow_each_other_in_their_order():
    images = photographs(2)
    names = np.array([["solarize", "equalize"], ["equalize", "identity"]])
    output = apply_operations(images.clone(), Operations(names, np.array([[0.5, 0.0], [0.0, 0.0]])))
    assert torch.equal(output[0], tv.equalize(tv.solarize(images[0], 127.5)))
    assert torch.equal(output[1], tv.equalize(images[1]))


def test_an_image_without_operations_stays():
    drawn = Operations(np.empty((3, 0), dtype=np.str_), np.empty((3, 0)))
    assert np.array_equal(warps(drawn, SIDE), identity(3))
    images = photographs(3)
    assert torch.equal(apply_operations(images.clone(), drawn), images)
