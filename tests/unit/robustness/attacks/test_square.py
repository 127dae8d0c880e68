"""Squares have the published sizes and patterns."""

import pytest
import torch
from torch import Tensor

from sightline.robustness.attacks.draws import Draws
from sightline.robustness.attacks.square import area_at
from sightline.robustness.attacks.square_patterns import bump, tiled


def published(height: int, width: int) -> Tensor:
    """Nested rectangles, as the authors lay them on one another."""
    found = torch.zeros(height, width)
    tall, wide = height // 2 + 1, width // 2 + 1
    for step in range(max(tall, wide)):
        top, left = tall - 1 - step, wide - 1 - step
        found[max(top, 0) : top + 2 * step + 1, max(left, 0) : left + 2 * step + 1] += 1 / (step + 1) ** 2
    return found / found.square().sum().sqrt()


@pytest.mark.parametrize("side", [2, 3, 5, 8, 13])
def test_bumps_are_the_published_ones(side: int):
    wanted = torch.cat([published(side // 2, side), -published(side - side // 2, side)])
    torch.testing.assert_close(bump(side), wanted / wanted.square().sum().sqrt())


def test_areas_are_halved_when_the_paper_says():
    assert [area_at(query, 10_000) for query in (0, 10, 11, 51, 201, 501, 1001, 2001, 4001, 6001, 8001)] == [
        0.8 / 2**halved for halved in (0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9)
    ]
    assert area_at(500, 1000) == area_at(5000, 10_000)


@pytest.mark.parametrize(("height", "width"), [(8, 8), (33, 21), (4, 4), (1, 1)])
def test_tiles_cover_the_middle_of_any_image(height: int, width: int):
    change = tiled(torch.zeros(2, 3, height, width), Draws.of(["a", "b"], 0))
    assert change.shape == (2, 3, height, width)
    assert change.isfinite().all()
    assert (change != 0).float().mean() > 0.4
    assert not torch.equal(change[0].abs(), change[1].abs()) or height < 10
