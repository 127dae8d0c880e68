"""Noise within the budget: as large as it says, an item's own, and no match for an attack."""

import numpy as np
import pytest
import torch

from sightline.config.robustness import NoiseName
from sightline.robustness.attacks.attack import Effort
from sightline.robustness.attacks.ball import Ball
from sightline.robustness.attacks.checks.of_effort import noise_checks
from sightline.robustness.attacks.draws import Draws
from sightline.robustness.attacks.items import Flags, Setting, attacked
from sightline.robustness.attacks.noise import NOISES, noisy, noisy_bytes
from sightline.robustness.attacks.pixel_model import fooled
from sightline.robustness.attacks.table import ATTACKS
from tests.unit.robustness.conftest import Trained

IDS = [f"{number}.png" for number in range(6)]
GREY = torch.full((6, 3, 30, 40), 0.5)
LINF, L2 = Ball("linf", 8 / 255), Ball("l2", 2.0)


@pytest.mark.parametrize("name", NOISES)
@pytest.mark.parametrize("ball", [LINF, L2])
def test_an_image_is_the_same_in_any_company(name: NoiseName, ball: Ball):
    together = noisy(GREY, name, ball, Draws.of(IDS, 0))
    backwards = noisy(GREY, name, ball, Draws.of(IDS[::-1], 0))
    assert torch.equal(backwards.flip(0), together)
    alone = [noisy(GREY[:1], name, ball, Draws.of([one], 0)) for one in IDS]
    assert torch.equal(torch.cat(alone), together)
    assert not torch.equal(noisy(GREY, name, ball, Draws.of(IDS, 1)), together)


@pytest.mark.parametrize("name", NOISES)
@pytest.mark.parametrize("ball", [LINF, L2])
def test_it_is_as_large_as_the_budget_and_stays_in_the_box(name: NoiseName, ball: Ball):
    far = ball.distances(noisy(GREY, name, ball, Draws.of(IDS, 0)), GREY).numpy()
    assert far == pytest.approx(ball.radius, rel=5e-3)
    white = noisy(torch.ones_like(GREY), name, Ball(ball.norm, 0.7), Draws.of(IDS, 0))
    assert 0 <= float(white.min()) < float(white.max()) == 1


def test_kinds_are_distributed_as_they_are_called():
    change = {name: (noisy(GREY, name, LINF, Draws.of(IDS, 0)) - GREY) / LINF.radius for name in NOISES}
    assert float(change["sign"].abs().min()) == pytest.approx(1, rel=1e-4)
    assert float(change["uniform"].std()) == pytest.approx(3**-0.5, rel=0.02)
    inside = change["gaussian"].abs() < 0.999
    assert float(inside.float().mean()) == pytest.approx(0.683, abs=0.01), "a standard deviation of the budget"
    for each in change.values():
        assert abs(float(each.mean())) < 0.02


def test_nothing_is_rounded():
    pixels = torch.full((6, 3, 8, 8), 100, dtype=torch.uint8)
    found = noisy_bytes(pixels, IDS, "uniform", LINF, 0)
    assert found.dtype == torch.float32
    assert (found != found.round()).float().mean() > 0.9
    assert (found - 100).abs().max() <= 8.001


@pytest.mark.parametrize("ball", [Ball("linf", 24 / 255), Ball("l2", 1.0)])
def test_a_sound_attack_breaks_more_and_a_blunt_one_is_found(trained: Trained, ball: Ball):
    items = trained.items.at(torch.nonzero(~fooled(trained.items.logits, trained.items.truth))[:, 0])
    noise = {
        name: fooled(trained.model.logits(noisy(items.images, name, ball, Draws.of(items.ids, 0))), items.truth).numpy()
        for name in NOISES
    }
    effort = Effort(steps=6, restarts=1, queries=20)
    sound = attacked(trained.model, items, Setting(ATTACKS["pgd"].attack, ball, effort, 0)).fooled
    checks = noise_checks(noise, {"pgd": sound})
    assert [check.name for check in checks] == ["noise_gaussian", "noise_uniform", "noise_sign"]
    assert all(check.holds for check in checks)
    nothing: Flags = np.zeros_like(sound)
    broken: Flags = np.arange(len(sound)) < 10
    assert [check.holds for check in noise_checks({"sign": broken}, {"fgsm": nothing})] == [False]
    assert [check.holds for check in noise_checks({"sign": broken}, {"fgsm": nothing, "pgd": sound})] == [True]


def test_without_an_item_that_is_right_there_is_nothing_to_check():
    none: Flags = np.zeros(0, dtype=bool)
    assert noise_checks({"sign": none}, {"pgd": none}) == []
