"""Shares of places are areas for an even map, and 1 where all of a map lies in one."""

import numpy as np
import pytest
import torch

from sightline.explain.summary.places import PLACES, regions, shares

NINTH, BORDER = 1 / 9, 1 - 0.75**2


@pytest.mark.parametrize("size", [(16, 16), (7, 7), (10, 33), (224, 160), (1, 1)])
def test_an_even_map_has_the_share_of_the_area(size: tuple[int, int]):
    found = shares(torch.full((2, *size), 0.3))
    assert found == pytest.approx(np.tile([NINTH] * 4 + [BORDER, NINTH], (2, 1)))


@pytest.mark.parametrize(
    ("place", "row", "column"),
    [("top left", 0, 0), ("top right", 0, -1), ("bottom left", -1, 0), ("bottom right", -1, -1), ("centre", 15, 15)],
)
def test_a_point_is_where_it_is(place: str, row: int, column: int):
    heat = torch.zeros(1, 30, 30)
    heat[0, row, column] = 1
    found = dict(zip(PLACES, shares(heat)[0].tolist(), strict=True))
    assert found.pop("border") == (place != "centre")
    assert found == {name: float(name == place) for name in PLACES if name != "border"}


def test_scale_changes_nothing_and_what_is_negative_or_no_number_does_not_count():
    heat = torch.rand(3, 12, 12, generator=torch.Generator().manual_seed(0))
    other = 7 * heat
    found = shares(heat)
    torch.testing.assert_close(shares(other), found)
    half = heat.clone()
    half[:, 6:] = 0
    against = heat.clone()
    against[:, 6:8], against[:, 8:] = -1, torch.nan
    torch.testing.assert_close(shares(against), shares(half))


def test_an_empty_map_has_no_shares():
    assert shares(torch.stack([torch.zeros(5, 5), -torch.ones(5, 5)])).isnan().all()


def test_every_corner_mirrors_the_others():
    top_left, top_right, bottom_left, bottom_right, *_ = regions(17, 23)
    assert torch.equal(top_left.flip(1), top_right)
    assert torch.equal(top_left.flip(0), bottom_left)
    assert torch.equal(top_left.flip(0, 1), bottom_right)
