import math

import numpy as np
import pytest
import torch
from torchvision.transforms.v2 import InterpolationMode, RandAugment, TrivialAugmentWide
from torchvision.transforms.v2 import functional as tv

from sightline.config.transforms import PolicyConfig
from sightline.data.randomness import uniform
from sightline.data.transforms.geometry import Geometry, identity
from sightline.data.transforms.policies import (
    GEOMETRIC,
    NAMES,
    Operations,
    apply_operations,
    draw_policy,
    ranges,
    warps,
)
from sightline.data.transforms.sampling import sample

SIDE = 33
BILINEAR = InterpolationMode.BILINEAR
TORCHVISION = {
    "shear_x": "ShearX",
    "shear_y": "ShearY",
    "translate_x": "TranslateX",
    "translate_y": "TranslateY",
    "rotate": "Rotate",
    "autocontrast": "AutoContrast",
} | {name: name.capitalize() for name in ("identity", "brightness", "color", "contrast", "sharpness")}
TORCHVISION |= {name: name.capitalize() for name in ("posterize", "solarize", "equalize")}


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


def policy(name="randaugment", operations=2, magnitude=9.0):
    return PolicyConfig(name=name, operations=operations, magnitude=magnitude)


def drawn_by(config, n=6000, side=32):
    return draw_policy(config, n, side, lambda slots, stream: uniform(0, 0, np.arange(n), slots, stream))


def photograph(n=1):
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(n, 3, 6, 6, generator=generator)
    smooth = torch.nn.functional.interpolate(coarse, size=(SIDE, SIDE), mode="bicubic").clamp(0, 1)
    return (smooth * 255).to(torch.uint8)


def warped(image, *steps):
    drawn = Operations(np.array([[name for name, _ in steps]]), np.array([[value for _, value in steps]]))
    geometry = Geometry(identity(1), warps(drawn, SIDE), SIDE)
    return sample(image, np.array([[SIDE, SIDE]]), geometry, "bilinear", (0.0, 0.0, 0.0))


@pytest.mark.parametrize("name", GEOMETRIC)
@pytest.mark.parametrize("value", [0.1, 0.3, -0.3, -0.7])
def test_each_warp_is_torchvisions(name, value):
    image = photograph()
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
    image = photograph()
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
    images = photograph(2)
    names = np.array([["solarize", "equalize"], ["equalize", "identity"]])
    output = apply_operations(images.clone(), Operations(names, np.array([[0.5, 0.0], [0.0, 0.0]])))
    assert torch.equal(output[0], tv.equalize(tv.solarize(images[0], 127.5)))
    assert torch.equal(output[1], tv.equalize(images[1]))


@pytest.mark.parametrize(("wide", "reference"), [(False, RandAugment), (True, TrivialAugmentWide)])
@pytest.mark.parametrize("side", [32, 224])
def test_names_and_ranges_are_torchvisions(wide, reference, side):
    space = reference._AUGMENTATION_SPACE
    assert {TORCHVISION[name] for name in NAMES} == set(space)
    for name, (low, high) in ranges(side, wide=wide).items():
        magnitudes, _ = space[TORCHVISION[name]]
        bins = magnitudes(31, side, side)
        ends = (0.0, 0.0) if bins is None else (float(bins[0]), float(bins[-1]))
        low, high = (math.degrees(low), math.degrees(high)) if name == "rotate" else (low, high)
        assert (low, high) == pytest.approx(ends)


def test_randaugment_draws_every_operation_equally_often_each_image_its_own():
    drawn = drawn_by(policy())
    assert drawn.names.shape == (6000, 2)
    counts = dict(zip(*np.unique(drawn.names, return_counts=True), strict=True))
    assert set(counts) == set(NAMES)
    assert min(counts.values()) > 0.85 * 12000 / len(NAMES)
    assert max(counts.values()) < 1.15 * 12000 / len(NAMES)
    pairs = {tuple(pair) for pair in drawn.names.tolist()}
    assert len(pairs) == len(NAMES) ** 2


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("rotate", [-math.radians(9), math.radians(9)]),
        ("translate_x", [-4, 4]),
        ("shear_y", [-0.09, 0.09]),
        ("color", [-0.27, 0.27]),
        ("posterize", [7]),
        ("solarize", [0.7]),
    ],
)
def test_randaugment_takes_its_magnitude_with_either_sign(name, expected):
    drawn = drawn_by(policy())
    values = drawn.values[drawn.names == name]
    assert sorted(set(values.round(6).tolist())) == pytest.approx(expected, abs=1e-5)
    if len(expected) == 2:
        assert (values > 0).mean() == pytest.approx(0.5, abs=0.06)


def test_trivialaugment_draws_one_operation_of_any_strength():
    drawn = drawn_by(policy("trivialaugment"), n=20_000)
    assert drawn.names.shape == (20_000, 1)
    turns = np.degrees(drawn.values[drawn.names == "rotate"])
    assert len(set(np.abs(turns).round(6).tolist())) == 31
    assert np.abs(turns).max() == pytest.approx(135.0)
    assert np.abs(turns).mean() == pytest.approx(67.5, abs=4)
    assert set(drawn.values[drawn.names == "posterize"].tolist()) == {2, 3, 4, 5, 6, 7, 8}


def test_no_policy_draws_nothing():
    drawn = drawn_by(policy("none"), n=3)
    assert drawn.names.shape == (3, 0)
    assert np.array_equal(warps(drawn, SIDE), identity(3))
    images = photograph(3)
    assert torch.equal(apply_operations(images.clone(), drawn), images)
