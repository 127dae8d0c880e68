"""The model that is attacked is the one that was measured, it answers each image for itself, and it does not guess."""

import torch
from torch import Tensor

from sightline.robustness.attacks.attack import Effort
from sightline.robustness.attacks.ball import Ball, Norm
from sightline.robustness.attacks.checks.check import Check
from sightline.robustness.attacks.draws import Draws
from sightline.robustness.attacks.items import Items
from sightline.robustness.attacks.pixel_model import PixelModel
from sightline.robustness.attacks.table import ATTACKS

ROUNDING = 1e-3
"""The most by which logits in other company may differ, over the largest of them."""
ANOTHER_DAY = 0.01
"""The most by which probabilities may differ from those that were stored, on another machine maybe."""
STILL = Effort(steps=2, restarts=1, queries=3)
"""Enough for every line of an attack that may not move."""


def model_checks(model: PixelModel, items: Items, norm: Norm) -> list[Check]:
    """Of some items, two at least."""
    return [_mode(model), *_answers(model, items), *_stored(model, items), _no_budget(model, items, norm)]


def _mode(model: PixelModel) -> Check:
    training = sum(module.training for module in model.network.modules())
    return Check("eval_mode", not training, f"{training} modules in training mode")


def _answers(model: PixelModel, items: Items) -> list[Check]:
    """Asked twice, and among others."""
    once, twice = model.logits(items.images), model.logits(items.images)
    halves = items.images.tensor_split(2)
    moved = _unlike(torch.cat([model.logits(half.flip(0)).flip(0) for half in halves]), once)
    return [
        Check("same_twice", torch.equal(once, twice), f"logits asked for twice differ by {_unlike(twice, once):.1e}"),
        Check("alone", moved <= ROUNDING, f"logits in other batches differ by {moved:.1e} of the largest"),
    ]


def _unlike(some: Tensor, others: Tensor) -> float:
    """The largest difference of logits over the largest of them; infinite where one is no number."""
    found = float(((some - others).abs().amax(dim=1) / (1 + others.abs().amax(dim=1))).amax())
    return found if found == found else float("inf")


def _stored(model: PixelModel, items: Items) -> list[Check]:
    """Answers and labels beside those that the run stored."""
    now, then = model.logits(items.images).cpu().softmax(dim=1), items.logits.float().softmax(dim=1)
    apart = float((now - then).abs().amax().nan_to_num(torch.inf))
    wrong = int((items.labels.cpu() != items.truth).sum())
    values = f"{float(items.images.amin()):.3g} to {float(items.images.amax()):.3g}"
    return [
        Check("as_measured", apart <= ANOTHER_DAY, f"probabilities differ by {apart:.1e} from those of evaluation"),
        Check("labels", not wrong, f"{wrong} labels are not those of evaluation"),
        Check("pixels", bool(((items.images >= 0) & (items.images <= 1)).all()), f"images hold values from {values}"),
    ]


def _no_budget(model: PixelModel, items: Items, norm: Norm) -> Check:
    """Without a budget every attack gives the image back, and the model its answer, to the bit."""
    ball, draws = Ball(norm, 0.0), Draws.of(items.ids, 0)
    clean = model.logits(items.images)
    changed = []
    for listed in ATTACKS.values():
        found = listed.attack(model, items.images, items.labels, ball=ball, effort=STILL, draws=draws)
        same = torch.equal(found.images, items.images) and torch.equal(model.logits(found.images), clean)
        changed += [] if same else [listed.label]
    return Check("no_budget", not changed, f"changed by {', '.join(changed) or 'no attack'} without a budget")
