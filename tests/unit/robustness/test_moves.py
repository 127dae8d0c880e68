"""Shifts and rotations: pixels hang on image and move alone, and are what SciPy makes of them."""

from math import cos, radians, sin

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch import Tensor

from sightline.robustness import moves as module
from sightline.robustness.moves import MOVES, Move, Rotation, Translation, moves_of

EVERY = [move for kind, size in (("shift", 1), ("shift", 4), ("rotation", 5), ("rotation", 30)) for move in
         moves_of(kind, size)]  # fmt: skip
OUTSIDE = 255


def scenes(height: int = 24, width: int = 32) -> Tensor:
    """(5, 3, height, width) smooth waves."""
    rng = np.random.default_rng(0)
    down, across = np.mgrid[:height, :width]
    waves = [
        [120 + 60 * np.sin(a * down / 9 + c) + 60 * np.cos(b * across / 9) for a, b, c in rng.uniform(0.3, 2, (3, 3))]
        for _ in range(5)
    ]
    return torch.from_numpy(np.array(waves).clip(0, 255).astype(np.uint8))


def test_every_kind_goes_as_many_ways_as_it_says():
    for kind, ways in MOVES.items():
        assert len({repr(move) for move in moves_of(kind, 3)}) == ways


@pytest.mark.parametrize("move", EVERY, ids=str)
def test_an_image_is_the_same_in_any_company(move: Move, monkeypatch: pytest.MonkeyPatch):
    images, order = scenes(), [3, 1, 4, 0, 2]
    together = move.images(images)
    assert together.dtype == torch.uint8
    assert together.shape == images.shape
    assert torch.equal(move.images(images[order]), together[order])
    assert torch.equal(torch.cat([move.images(image[None]) for image in images]), together)
    assert torch.equal(move.images(images.contiguous(memory_format=torch.channels_last)), together)
    monkeypatch.setattr(module, "AT_ONCE", 1)
    assert torch.equal(move.images(images), together)
    assert not torch.equal(images, together)


@pytest.mark.parametrize("move", [Translation(0, 0), Rotation(0)])
def test_no_move_changes_nothing(move: Move):
    images = scenes()
    assert torch.equal(move.images(images), images)
    assert torch.equal(move.masks(images[:, 0].long(), OUTSIDE), images[:, 0].long())


@pytest.mark.parametrize(("down", "across"), [(2, 0), (-3, 0), (0, 4), (0, -1)])
def test_shifts_are_scipys(down: int, across: int):
    images = scenes()
    wanted = ndimage.shift(images.numpy(), (0, 0, down, across), order=0, mode="reflect")
    assert np.array_equal(Translation(down, across).images(images).numpy(), wanted)
    mask = images[:, 0].long()
    moved = ndimage.shift(mask.numpy(), (0, down, across), order=0, mode="constant", cval=OUTSIDE)
    assert np.array_equal(Translation(down, across).masks(mask, OUTSIDE).numpy(), moved)


@pytest.mark.parametrize("degrees", [5, -15, 30, 90, 179])
def test_rotations_are_scipys_to_a_step(degrees: int):
    images = scenes(24, 24)
    exact = ndimage.rotate(images.double().numpy(), degrees, (3, 2), reshape=False, order=1, mode="reflect")
    assert np.abs(Rotation(degrees).images(images).numpy() - exact).max() < 1.5


@pytest.mark.parametrize("degrees", [90, -90])
def test_a_quarter_turn_loses_nothing(degrees: int):
    images = scenes(21, 21)
    wanted = torch.rot90(images, degrees // 90, (2, 3))
    assert torch.equal(Rotation(degrees).images(images), wanted)
    assert torch.equal(Rotation(degrees).masks(images[:, 0].long(), OUTSIDE), wanted[:, 0].long())


@pytest.mark.parametrize("move", EVERY, ids=str)
def test_masks_move_with_their_images(move: Move):
    """Where a blurred edge is far, the moved mask says what the moved image shows."""
    disk = torch.zeros(1, 40, 40, dtype=torch.long)
    disk[:, 12:24, 16:30] = 1
    shown = move.images((255 * disk).to(torch.uint8)[:, None].repeat(1, 3, 1, 1))[:, 0]
    mask = move.masks(disk, OUTSIDE)
    sure = (mask != OUTSIDE) & ((shown == 0) | (shown == 255))
    assert sure.float().mean() > 0.6
    assert torch.equal(mask[sure], (shown[sure] == 255).long())


def test_outside_is_what_the_image_does_not_reach():
    mask = torch.ones(1, 41, 41, dtype=torch.long)
    turned = Rotation(30).masks(mask, OUTSIDE)[0]
    down, across = torch.meshgrid(torch.arange(41) - 20.0, torch.arange(41) - 20.0, indexing="ij")
    angle = radians(30)
    reach = torch.maximum(abs(cos(angle) * down + sin(angle) * across), abs(cos(angle) * across - sin(angle) * down))
    assert torch.equal(turned == 1, reach <= 20.5)
    assert Translation(3, 0).masks(mask, OUTSIDE)[0, :, 0].tolist() == [OUTSIDE] * 3 + [1] * 38
