"""Whatever is brought back lies in the ball and in the box, and what lay there stays."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sightline.robustness.attacks.ball import Ball, Norm, unit
from sightline.robustness.attacks.draws import Draws

NORMS: list[Norm] = ["linf", "l2"]
DRAWS = Draws.of(["a", "b", "c"], 0)


def some(seed: int) -> torch.Tensor:
    return torch.rand(3, 3, 4, 5, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("norm", NORMS)
@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 1000), radius=st.floats(0, 4), spread=st.floats(0, 1e4))
def test_points_come_back_into_ball_and_box(norm: Norm, seed: int, radius: float, spread: float):
    ball, images = Ball(norm, radius), some(seed).round(decimals=1)
    points = ball.within(images + spread * (some(seed + 1) - 0.5), images)
    assert ball.distances(points, images).max() <= radius + 1e-6 * max(1, radius)
    assert points.min() >= 0
    assert points.max() <= 1


@pytest.mark.parametrize("norm", NORMS)
def test_what_is_inside_stays_to_the_bit(norm: Norm):
    images = some(0)
    near = (images + 1e-3 * (some(1) - 0.5)).clamp(0, 1)
    assert torch.equal(Ball(norm, 0.5).within(near, images), near)
    assert torch.equal(Ball(norm, 0.0).within(near, images), images)


@pytest.mark.parametrize("norm", NORMS)
def test_starts_lie_on_the_edge_or_anywhere_within(norm: Norm):
    images, ball = torch.full((3, 3, 4, 5), 0.5), Ball(norm, 0.25)
    edge = ball.distances(ball.on_edge(images, DRAWS, "x"), images)
    torch.testing.assert_close(edge, torch.full_like(edge, 0.25), rtol=1e-5, atol=0)
    anywhere = ball.anywhere(images, DRAWS, "x")
    inside = ball.distances(anywhere, images)
    assert ((inside > 0) & (inside <= 0.25 + 1e-6)).all()
    if norm == "linf":
        assert abs(float((anywhere - images).abs().mean()) - 0.125) < 0.02


def test_the_steepest_way_gains_as_much_as_its_length_can():
    gradient = some(2) - 0.5
    torch.testing.assert_close((unit(gradient) * gradient).sum(), gradient.flatten(1).norm(dim=1).sum())
    assert torch.equal(Ball("linf", 1.0).steepest(gradient), gradient.sign())
    assert unit(1e-30 * gradient).flatten(1).norm(dim=1).tolist() == pytest.approx([1, 1, 1])
    assert not unit(torch.zeros(1, 3, 2, 2)).any()
