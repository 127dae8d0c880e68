"""Points of a way add up to what the score does, and what is held of them is bounded."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from sightline.explain.way import Point, Way, midpoints

Curve = Callable[[float], tuple[float, float]]
"""From a place to score and slope."""


def walked(curve: Curve, *, steps: int = 16, tolerance: float = 0.01, most: int = 400, kept: int = 64) -> Way:
    way = Way(curve(0)[0], curve(1)[0], kept)
    wanted = midpoints(steps)
    while wanted:
        for at in wanted:
            score, slope = curve(at)
            way.add(Point(at, score, slope, abs(slope), torch.full((3, 1, 2), slope / 6, dtype=torch.float64)))
        wanted = way.next(tolerance, most)
    return way


def bent(at: float) -> tuple[float, float]:
    return 10 * max(0.0, at - 0.43), 10.0 * (at > 0.43)


def curved(at: float) -> tuple[float, float]:
    return math.exp(6 * at), 6 * math.exp(6 * at)


def held(way: Way) -> list[Tensor]:
    return [one.attributions for one in way.points if one.attributions is not None]


@pytest.mark.parametrize(
    ("curve", "kept", "tolerances"),
    [(bent, 8, (0.05, 1e-3, 1e-5)), (curved, 64, (0.05, 0.01, 1e-3)), (curved, 1000, (1e-3, 1e-4))],
)
def test_it_adds_up_and_says_by_how_much_not(curve: Curve, kept: int, tolerances: tuple[float, ...]):
    for tolerance in tolerances:
        way = walked(curve, tolerance=tolerance, kept=kept)
        change = curve(1)[0] - curve(0)[0]
        assert way.error <= tolerance
        assert abs(float(way.values().sum()) - change) / change == pytest.approx(way.error, abs=1e-9)
        assert len({one.at for one in way.points}) == len(way.points)


def test_equal_parts_are_the_midpoint_rule():
    way = walked(curved, steps=7, most=7)
    assert float(way.values().sum()) == pytest.approx(sum(curved(at)[1] for at in midpoints(7)) / 7)
    assert walked(curved, steps=1, most=1).values().sum() == pytest.approx(curved(0.5)[1])


def test_points_gather_at_the_bend_and_few_are_needed():
    way = walked(bent, tolerance=1e-5)
    assert len(way.points) < 64
    assert min(abs(one.at - 0.43) for one in way.points) < 1e-3


def test_what_is_held_is_bounded_and_folding_changes_nothing_much():
    few, many = (walked(curved, tolerance=1e-7, kept=kept, most=300) for kept in (16, 1000))
    assert len(few.points) > 64
    assert len(held(few)) < len(few.points) - 16
    assert len(held(many)) == len(many.points)
    assert float(few.values().sum()) == pytest.approx(float(many.values().sum()), rel=5e-3)


def test_no_more_points_than_allowed_and_none_where_the_score_is_no_number():
    assert len(walked(bent, tolerance=0, most=21).points) == 21
    assert len(walked(lambda _at: (math.nan, math.nan)).points) == 16
    flat = walked(lambda _at: (2.0, 0.0))
    assert (flat.error, len(flat.points)) == (0, 16)
