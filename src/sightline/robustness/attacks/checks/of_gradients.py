"""Gradients are there, and the loss changes as they say."""

import torch

from sightline.config.adversarial import WHITE
from sightline.robustness.attacks.ball import Ball
from sightline.robustness.attacks.checks.check import Check
from sightline.robustness.attacks.draws import Draws
from sightline.robustness.attacks.items import Items
from sightline.robustness.attacks.pixel_model import PixelModel, fooled, losses_of

LOST = 0.02
"""The largest share of items without a gradient: each would count as robust."""
REACH = 0.25 / WHITE
"""How far each value is moved to see what the loss does."""
DIRECTIONS = 8
"""Ways to move an image."""
SLOPES = (0.8, 1.25)
"""What the loss may do over what the gradient says."""
ALIKE = 0.8
"""The least correlation of both: where part of a gradient is missing, the rest may be right."""


def gradient_checks(model: PixelModel, items: Items, ball: Ball, seed: int) -> list[Check]:
    """Of some items, on those that the model has right."""
    right = torch.nonzero(~fooled(model.logits(items.images), items.labels))[:, 0]
    if not len(right):
        return [Check("gradient", True, "no item is right, so none is attacked")]
    some = items.at(right)
    return [_there(model, some), _true(model, some, ball, seed)]


def _there(model: PixelModel, items: Items) -> Check:
    gradient = model.slope(items.images, items.labels).gradient.flatten(1)
    lost = ~((gradient != 0).any(dim=1) & gradient.isfinite().all(dim=1))
    share = float(lost.float().mean())
    return Check("gradient", share <= LOST, f"{int(lost.sum())} of {len(items)} items have no gradient")


def _true(model: PixelModel, items: Items, ball: Ball, seed: int) -> Check:
    """By central differences along random signs, where one step of the attack leads: there no answer is certain."""
    first = model.slope(items.images, items.labels).gradient
    points = ball.within(ball.step(items.images, first, ball.radius), items.images).clamp(REACH, 1 - REACH)
    gradient, draws = model.slope(points, items.labels).gradient.double(), Draws.of(items.ids, seed)
    said, seen = [], []
    for direction in range(DIRECTIONS):
        way = REACH * draws.signs(points, f"check/{direction}")
        ends = [losses_of(model.logits(points + sign * way), items.labels).double() for sign in (1, -1)]
        said.append(2 * (gradient * way).sum(dim=(1, 2, 3)))
        seen.append(ends[0] - ends[1])
    predicted, changes = torch.cat(said), torch.cat(seen)
    if not (predicted != 0).any() or not (changes != 0).any():
        return Check("slope", False, "the loss does not change as gradients say")
    both = float((predicted * changes).sum())
    slope, alike = (both / float(size) for size in (predicted.square().sum(), predicted.norm() * changes.norm()))
    words = f"the loss does {slope:.2f} of what gradients say, and changes with them to {alike:.2f}"
    return Check("slope", SLOPES[0] <= slope <= SLOPES[1] and alike >= ALIKE, words)
