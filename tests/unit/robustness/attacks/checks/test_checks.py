"""A sound attack passes every check; each of eight planted faults does not."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from functools import partial

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sightline.robustness.attacks import items as items_file
from sightline.robustness.attacks.attack import Effort, Found
from sightline.robustness.attacks.ball import Ball
from sightline.robustness.attacks.checks.checks import all_results_checks, sample_checks
from sightline.robustness.attacks.items import Items, Setting, attacked
from sightline.robustness.attacks.pixel_model import PixelModel, Slope
from sightline.robustness.attacks.table import ATTACKS
from tests.unit.robustness.conftest import MEAN, STD, Trained, normalise

EFFORT = Effort(steps=6, restarts=1, queries=20)
LINF, L2 = Ball("linf", 24 / 255), Ball("l2", 1.0)
COUNT = 40


def failed(model: PixelModel, items: Items, ball: Ball = LINF, given: Ball | None = None) -> set[str]:
    """Names of checks that do not hold; `given` is the budget that the attacks get where it is another one."""
    checks = sample_checks(model, items, given or ball, EFFORT, 0)
    found = {
        name: attacked(model, items, Setting(listed.attack, given or ball, EFFORT, 0))
        for name, listed in ATTACKS.items()
    }
    checks += all_results_checks(found, ball, items.images[0].numel())
    return {check.name for check in checks if not check.holds}


@pytest.mark.parametrize("ball", [LINF, L2, Ball("linf", 1 / 255)])
def test_a_sound_attack_passes(trained: Trained, ball: Ball):
    assert failed(trained.model, trained.first(COUNT), ball) == set()


def test_an_untrained_network_and_one_that_answers_alike_always(trained: Trained):
    torch.manual_seed(1)
    network = deepcopy(trained.network)
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.reset_parameters()
    model = PixelModel(network.eval(), normalise)
    items = trained.first(COUNT)
    assert failed(model, replace(items, logits=model.logits(items.images))) == set()


def test_normalisation_outside_the_model_is_found(trained: Trained):
    """In both ways: the model gets pixels that nobody normalised, or the attack gets normalised ones as pixels."""
    items = trained.first(COUNT)
    assert "as_measured" in failed(PixelModel(trained.network, lambda pixels: pixels / 255), items)
    outside = replace(items, images=(items.images - MEAN) / STD)
    assert {"pixels", "no_budget"} <= failed(PixelModel(trained.network, lambda pixels: pixels / 255), outside)


def test_train_mode_is_found(trained: Trained):
    network = deepcopy(trained.network).train()
    network[3].p = 0.0  # dropout is another fault
    assert {"eval_mode", "alone"} <= failed(PixelModel(network, normalise), trained.first(COUNT))


class Alive(nn.Module):
    """Dropout that no mode turns off."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        return self.network(F.dropout(images, 0.2, training=True))


def test_dropout_left_on_is_found(trained: Trained):
    assert {"same_twice", "no_budget"} <= failed(PixelModel(Alive(trained.network), normalise), trained.first(COUNT))


def test_wrong_labels_are_found(trained: Trained):
    items = trained.first(COUNT)
    assert "labels" in failed(trained.model, replace(items, labels=(items.labels + 1) % 10))


def test_an_attack_on_another_label_than_the_truth_is_found(trained: Trained, monkeypatch: pytest.MonkeyPatch):
    for name, listed in ATTACKS.items():

        def misled(model: PixelModel, images: Tensor, labels: Tensor, *, real: Callable, **rest: object) -> Found:
            return real(model, images, (labels + 3) % 10, **rest)

        monkeypatch.setitem(ATTACKS, name, replace(listed, attack=partial(misled, real=listed.attack)))
    names = failed(trained.model, trained.first(COUNT))
    assert {"fgsm_loss", "pgd_reach", "apgd_reach", "no_bounds"} <= names


@pytest.mark.parametrize(("factor", "name"), [(255, "pgd_ball"), (1 / 255, "pgd_reach"), (1 / STD, "pgd_ball")])
@pytest.mark.parametrize("ball", [LINF, L2])
def test_a_budget_in_another_unit_is_found(trained: Trained, ball: Ball, factor: float, name: str):
    assert name in failed(trained.model, trained.first(COUNT), ball, Ball(ball.norm, ball.radius * factor))


class Straight(torch.autograd.Function):
    """Rounding whose gradient is made up."""

    @staticmethod
    def forward(_: object, values: Tensor) -> Tensor:
        return values.round()

    @staticmethod
    def backward(_: object, slope: Tensor) -> Tensor:
        return slope


@pytest.mark.parametrize(
    ("rounding", "name"), [(torch.round, "gradient"), (Straight.apply, "slope")], ids=["plain", "straight through"]
)
def test_pixels_rounded_on_the_way_are_found(trained: Trained, rounding: Callable[[Tensor], Tensor], name: str):
    model = PixelModel(trained.network, lambda pixels: normalise(rounding(pixels)))
    assert name in failed(model, trained.first(COUNT))


def test_results_rounded_to_whole_pixels_are_found(trained: Trained, monkeypatch: pytest.MonkeyPatch):
    for name, listed in ATTACKS.items():

        def rounded(model: PixelModel, images: Tensor, labels: Tensor, *, real: Callable, **rest: object) -> Found:
            found = real(model, images, labels, **rest)
            return found._replace(images=(found.images * 255).round() / 255)

        monkeypatch.setitem(ATTACKS, name, replace(listed, attack=partial(rounded, real=listed.attack)))
    assert {"pgd_same", "apgd_same"} <= failed(trained.model, trained.first(COUNT))


def test_no_gradient_is_found(trained: Trained):
    model = PixelModel(trained.network, lambda pixels: normalise(pixels.detach()))
    assert {"gradient", "no_bounds", "pgd_reach", "black_box"} & failed(model, trained.first(COUNT)) >= {"gradient"}


class Clipped(PixelModel):
    """Gradients whose values are held within small limits."""

    def slope(self, images: Tensor, labels: Tensor) -> Slope:
        found = super().slope(images, labels)
        return found._replace(gradient=found.gradient.clamp(-1e-3, 1e-3))


def test_clipped_gradients_are_found(trained: Trained):
    assert "slope" in failed(Clipped(trained.network, normalise), trained.first(COUNT))


class Halved(PixelModel):
    """Gradients that miss one colour."""

    def slope(self, images: Tensor, labels: Tensor) -> Slope:
        found = super().slope(images, labels)
        return found._replace(gradient=torch.cat([0 * found.gradient[:, :2], found.gradient[:, 2:]], dim=1))


def test_other_faults_than_the_eight_are_found(trained: Trained):
    items = trained.first(COUNT)
    assert "slope" in failed(Halved(trained.network, normalise), items)
    saturated = PixelModel(nn.Sequential(trained.network, Scale(1e4)), normalise)
    assert "gradient" in failed(saturated, replace(items, logits=1e4 * items.logits))


class Scale(nn.Module):
    """Answers so certain that the loss has no slope left."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, logits: Tensor) -> Tensor:
        return self.factor * logits


def test_what_is_no_number_fails(trained: Trained):
    items = trained.first(COUNT)
    model = PixelModel(nn.Sequential(trained.network, Scale(float("nan"))), normalise)
    assert {"as_measured", "same_twice"} <= failed(model, items)


def test_every_attack_goes_through_the_file_that_is_checked():
    assert items_file.attacked is attacked
