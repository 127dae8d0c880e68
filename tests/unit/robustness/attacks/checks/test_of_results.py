"""What attacks have made is judged by what a sound attack may do, and by nothing stricter."""

import numpy as np
import pytest
import torch
from torch import nn

from sightline.robustness.attacks.attack import Effort
from sightline.robustness.attacks.ball import Ball
from sightline.robustness.attacks.checks.of_results import result_checks
from sightline.robustness.attacks.items import Attacked, Items, Setting, attacked
from sightline.robustness.attacks.pixel_model import PixelModel
from sightline.robustness.attacks.table import ATTACKS

BALL = Ball("linf", 0.1)


def failed(found: Attacked, name: str = "pgd", ball: Ball = BALL, values: int = 3) -> set[str]:
    return {check.name for check in result_checks({name: found}, ball, values) if not check.holds}


def became(fooled: list[bool], rise: list[float]) -> Attacked:
    count = len(fooled)
    still, before = np.zeros(count), np.ones(count)
    return Attacked(np.array(fooled), np.full(count, 0.1), still, still, before, before + rise)


@pytest.mark.parametrize("name", ["pgd", "apgd"])
def test_a_mistake_may_have_a_smaller_loss_and_what_stays_right_may_not(name: str):
    assert failed(became([True, False], [-0.2, 0.1]), name) == set()
    assert failed(became([True, False], [0.2, -0.1]), name) == {f"{name}_loss"}


@pytest.mark.parametrize("name", ["fgsm", "square"])
def test_without_the_best_iterate_the_loss_may_not_fall_in_most_items_by_more_than_chance_explains(name: str):
    falling = [-0.2, -0.15, -0.1, -0.2, -0.1, -0.3, -0.2]
    wrong = {f"{name}_loss"}
    assert failed(became([False] * 7, falling), name) == wrong
    assert failed(became([False] * 8, [*falling, 9.0]), name) == wrong, "one large rise hides no fall"
    assert failed(became([False] * 7, [float("nan")] * 7), name) == wrong
    assert failed(became([True] * 7, falling), name) == set(), "a mistake counts as no fall"
    assert failed(became([False] * 3, falling[:3]), name) == set(), "three items tell nothing"
    assert failed(became([False] * 7, [*falling[:4], 0.1, 0.1, 0.1]), name) == set()


class Three(nn.Module):
    """Three classes: the redder, the less it is the first and the more the second."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        red = images[:, 0].mean(dim=(1, 2))
        return torch.stack([1.0 + 4 * red, 0.2 + 6 * red, 0 * red], dim=1)


@pytest.mark.parametrize("ball", [Ball("linf", 0.9), Ball("l2", 1e7), Ball("l2", 30.0)])
@pytest.mark.parametrize("name", list(ATTACKS))
def test_a_budget_beyond_the_box_is_used_as_far_as_the_box_goes(ball: Ball, name: str):
    """From grey no corner is farther than half of white."""
    images = torch.full((8, 3, 6, 6), 0.5)
    model = PixelModel(Three().eval(), lambda pixels: pixels / 255)
    logits = model.logits(images)
    labels = logits.argmax(dim=1)
    items = Items([str(row) for row in range(8)], images, labels, logits, labels)
    found = attacked(model, items, Setting(ATTACKS[name].attack, ball, Effort(5, 1, 30), 0))
    assert failed(found, name, ball, images[0].numel()) == set()
