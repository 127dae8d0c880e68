"""What holds of every attack: where it goes, that it wins more with effort, and that company changes nothing."""

import pytest
import torch
from torch import Tensor, nn

from sightline.robustness.attacks.attack import Effort, Found
from sightline.robustness.attacks.ball import Ball, Norm
from sightline.robustness.attacks.draws import Draws
from sightline.robustness.attacks.pixel_model import PixelModel, fooled
from sightline.robustness.attacks.table import ATTACKS
from tests.unit.robustness.conftest import Trained

EFFORT = Effort(steps=10, restarts=2, queries=150)
BALLS = [Ball("linf", 24 / 255), Ball("l2", 1.0)]
EVERY = [(name, ball) for name in ATTACKS for ball in BALLS]


def found(trained: Trained, name: str, ball: Ball, effort: Effort = EFFORT, count: int = 60) -> Found:
    items = trained.first(count)
    draws = Draws.of(items.ids, 0)
    return ATTACKS[name].attack(trained.model, items.images, items.labels, ball=ball, effort=effort, draws=draws)


@pytest.mark.parametrize(("name", "ball"), EVERY)
def test_images_lie_in_ball_and_box_and_logits_are_theirs(trained: Trained, name: str, ball: Ball):
    images = trained.first(60).images.clone()
    points, logits = found(trained, name, ball)
    assert torch.equal(images, trained.first(60).images)
    assert ball.distances(points, images).max() <= ball.radius + 1e-6
    assert ball.distances(points, images).max() >= 0.5 * ball.radius
    assert (points >= 0).all()
    assert (points <= 1).all()
    torch.testing.assert_close(trained.model.logits(points), logits, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("name", "ball"), EVERY)
def test_it_breaks_a_standard_network(trained: Trained, name: str, ball: Ball):
    labels = trained.first(60).labels
    clean = float((~fooled(trained.items.logits[:60], labels)).float().mean())
    broken = float((~fooled(found(trained, name, ball).logits, labels)).float().mean())
    assert clean > 0.85
    assert broken < (0.8 if ATTACKS[name].gradients else 0.95) * clean


@pytest.mark.parametrize("ball", BALLS)
def test_of_one_step_many_and_steps_that_adapt_each_breaks_more(trained: Trained, ball: Ball):
    labels = trained.first(60).labels
    one, many, adapting = (int(fooled(found(trained, name, ball).logits, labels).sum()) for name in list(ATTACKS)[:3])
    assert one < many <= adapting + 1


@pytest.mark.parametrize("name", ["pgd", "apgd"])
def test_more_starts_keep_what_fewer_found(trained: Trained, name: str):
    labels = trained.first(60).labels
    few, more = (fooled(found(trained, name, BALLS[0], Effort(4, starts, 0)).logits, labels) for starts in (1, 4))
    assert not (few & ~more).any()


class Exact(nn.Module):
    """Every sum of its own is exact, so that logits and gradients do not depend on what else is in the batch."""

    def forward(self, images: Tensor) -> Tensor:
        weights = torch.randint(-8, 9, (4, 48), generator=torch.Generator().manual_seed(0)).float() / 8
        whole = images.flatten(1)[:, None]
        return ((whole * 2**8).round() / 2**8 + (whole - whole.detach()) * 1.0).mul(weights).sum(dim=2)


@pytest.mark.parametrize("norm", ["linf", "l2"])
@pytest.mark.parametrize("name", list(ATTACKS))
def test_neither_batch_size_nor_order_changes_a_bit(name: str, norm: Norm):
    images = torch.rand(7, 3, 4, 4, generator=torch.Generator().manual_seed(1))
    model = PixelModel(Exact(), lambda pixels: pixels / 255)
    labels = model.logits(images).argmax(dim=1)
    ids = [f"item {number}" for number in range(7)]
    ball = Ball(norm, 0.05 if norm == "linf" else 0.3)

    def attack(rows: list[int]) -> Tensor:
        draws = Draws.of([ids[row] for row in rows], 5)
        chosen = ATTACKS[name].attack
        return chosen(model, images[rows], labels[rows], ball=ball, effort=Effort(5, 2, 15), draws=draws).images

    together = attack(list(range(7)))
    assert not torch.equal(together, images)
    assert torch.equal(attack([6, 2, 0, 4, 5, 1, 3]), together[[6, 2, 0, 4, 5, 1, 3]])
    assert torch.equal(torch.cat([attack([row]) for row in range(7)]), together)
    assert torch.equal(torch.cat([attack([0, 1, 2]), attack([3, 4, 5, 6])]), together)


@pytest.mark.parametrize("name", list(ATTACKS))
def test_no_items_and_items_that_are_wrong_already(trained: Trained, name: str):
    items = trained.first(3)
    nothing = items.at(torch.arange(0))
    arguments = {"ball": BALLS[0], "effort": EFFORT}
    attack = ATTACKS[name].attack
    assert attack(trained.model, nothing.images, nothing.labels, **arguments, draws=Draws.of([], 0)).images.shape == (
        0,
        3,
        8,
        8,
    )
    wrong = (trained.items.logits[:3].argmax(dim=1) + 1) % 10
    points, logits = attack(trained.model, items.images, wrong, **arguments, draws=Draws.of(items.ids, 0))
    assert fooled(logits, wrong).all()
    assert ATTACKS[name].takes == () or torch.equal(points, items.images)
