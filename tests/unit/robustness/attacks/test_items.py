"""What became of items is found by asking the model again, not by what an attack says."""

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from sightline.robustness.attacks.attack import Effort, Found
from sightline.robustness.attacks.ball import Ball
from sightline.robustness.attacks.draws import Draws
from sightline.robustness.attacks.items import Attacked, Setting, attacked, attacked_in_memory
from sightline.robustness.attacks.pixel_model import PixelModel
from sightline.robustness.attacks.table import ATTACKS
from tests.unit.robustness.conftest import Trained

SETTING = Setting(ATTACKS["pgd"].attack, Ball("linf", 24 / 255), Effort(5, 1, 0), 0)


def lying(
    model: PixelModel,  # noqa: ARG001
    images: Tensor,
    labels: Tensor,
    *,
    ball: Ball,
    effort: Effort,  # noqa: ARG001
    draws: Draws,  # noqa: ARG001
) -> Found:
    """An attack that goes too far, and claims what is not so."""
    logits = torch.zeros(len(images), 10).scatter(1, labels[:, None], -9.0)
    return Found(images + 2 * ball.radius, logits)


def test_lies_are_seen(trained: Trained):
    items = trained.first(20)
    found = attacked(trained.model, items, replace(SETTING, attack=lying))
    right = trained.model.logits(items.images + 48 / 255).argmax(dim=1) == items.truth
    np.testing.assert_array_equal(found.fooled, ~right.numpy())
    np.testing.assert_allclose(found.distance, 48 / 255, rtol=1e-5)
    assert found.outside.max() > 0.18
    assert found.unlike.max() > 0.1


def test_parts_are_the_whole(trained: Trained):
    whole = attacked(trained.model, trained.first(30), SETTING)
    parts = [attacked(trained.model, trained.items.at(torch.arange(at, at + 10)), SETTING) for at in (0, 10, 20)]
    joined = Attacked.joined(parts)
    np.testing.assert_array_equal(joined.fooled, whole.fooled)
    np.testing.assert_allclose(joined.after, whole.after, rtol=1e-3, atol=1e-3)
    assert (whole.after >= whole.before - 1e-4).all()
    assert 0 < whole.fooled.sum() < 30


class Small(nn.Module):
    """A device on which no more than eight images fit."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        if len(images) > 8:
            raise torch.OutOfMemoryError("no more than eight")
        return self.network(images)


def test_what_does_not_fit_into_memory_is_attacked_in_parts(trained: Trained):
    whole = attacked(trained.model, trained.first(30), SETTING)
    model = PixelModel(Small(trained.network).eval(), trained.model.normalise)
    found, parts = attacked_in_memory(model, trained.first(30), SETTING, 1)
    assert parts == 4
    np.testing.assert_array_equal(found.fooled, whole.fooled)
    again, parts = attacked_in_memory(model, trained.first(5), SETTING, parts)
    assert (len(again.fooled), parts) == (5, 4)
    assert len(attacked_in_memory(model, trained.first(0), SETTING, 4)[0].fooled) == 0
