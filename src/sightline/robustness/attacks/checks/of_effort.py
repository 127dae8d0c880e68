"""Trying harder never helps the model, an attack without bounds always wins, one without gradients gains nothing."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from sightline.config.robustness import NoiseName
from sightline.metrics.comparison.paired import tango
from sightline.metrics.intervals.interval import wilson
from sightline.robustness.attacks.attack import Effort
from sightline.robustness.attacks.ball import Ball
from sightline.robustness.attacks.checks.check import Check
from sightline.robustness.attacks.items import Flags, Items, Setting, attacked
from sightline.robustness.attacks.noise import NOISES
from sightline.robustness.attacks.pixel_model import PixelModel, fooled
from sightline.robustness.attacks.table import ATTACKS

BEYOND = 20
"""Steps of the attack without bounds."""
LEVEL = 0.95
"""Confidence of the limits that a difference is held against."""


class Tried(NamedTuple):
    """A budget or an effort, and of which items it made mistakes."""

    name: str
    fooled: Flags


def effort_checks(model: PixelModel, items: Items, ball: Ball, effort: Effort, seed: int) -> list[Check]:
    """Of some items, all of them attacked; by PGD with fewer steps and more, smaller budgets and larger."""
    plain = Setting(ATTACKS["pgd"].attack, ball, effort, seed)

    def tried(name: str, setting: Setting) -> Tried:
        return Tried(name, attacked(model, items, setting).fooled)

    clean = Tried("no attack", fooled(model.logits(items.images), items.truth.to(items.images.device)).cpu().numpy())
    whole = tried("all of it", plain)
    half, twice = (
        tried(name, replace(plain, ball=replace(ball, radius=factor * ball.radius)))
        for name, factor in (("half of the budget", 0.5), ("twice of it", 2.0))
    )
    fewer = tried("half of the steps", replace(plain, effort=replace(effort, steps=max(1, effort.steps // 2))))
    return [
        _never_helps("more_budget", [clean, half, whole, twice]),
        _never_helps("more_steps", [fewer, whole]),
        _never_helps("single_step", [clean, tried("one step", replace(plain, attack=ATTACKS["fgsm"].attack))]),
        _without_bounds(model, items, plain),
    ]


def black_box_check(found: Mapping[str, Flags]) -> Check | None:
    """The attacks that see gradients beside those that do not; None where one kind is missing.

    Args:
        found: (n,) by the name of an attack, which items it made mistakes of; of the same items.
    """
    black, white = (
        [flags for name, flags in found.items() if ATTACKS[name].gradients is kind] for kind in (False, True)
    )
    if not black or not white or not len(black[0]):
        return None
    without, along = np.any(black, axis=0), np.any(white, axis=0)
    return _never_helps("black_box", [Tried("attacks without gradients", without), Tried("those along them", along)])


def noise_checks(noise: Mapping[NoiseName, Flags], found: Mapping[str, Flags]) -> list[Check]:
    """All attacks together beside random noise of the same size, which may not break more than they do.

    Args:
        noise: (n,) by kind, which of the items that are right it made mistakes of.
        found: (n,) by the name of an attack, likewise.
    """
    if not found or not len(next(iter(found.values()))):
        return []
    attacks = Tried("the attacks", np.any(list(found.values()), axis=0))
    return [
        _never_helps(f"noise_{kind}", [Tried(NOISES[kind].label.lower(), broken), attacks])
        for kind, broken in noise.items()
    ]


def _never_helps(name: str, rising: list[Tried]) -> Check:
    """From one to the next, items are lost and not won, but for what chance may do."""
    holds, seen = True, []
    for less, more in pairwise(rising):
        won, lost = int((less.fooled & ~more.fooled).sum()), int((~less.fooled & more.fooled).sum())
        holds &= tango(won, lost, len(less.fooled), LEVEL).low <= 0
        seen.append(f"from {less.name} to {more.name} {lost} fall, {won} rise")
    return Check(name, holds, "; ".join(seen))


def _without_bounds(model: PixelModel, items: Items, plain: Setting) -> Check:
    """With every image in reach of grey, no more may stay right than one answer for all would have right."""
    radius = plain.ball.always_open(items.images[0].numel())
    effort = Effort(steps=max(BEYOND, plain.effort.steps), restarts=1, queries=0)
    stands = ~attacked(model, items, replace(plain, ball=replace(plain.ball, radius=radius), effort=effort)).fooled
    chance = float(np.bincount(items.truth.numpy()).max()) / len(items)
    low = wilson(int(stands.sum()), len(items), LEVEL).low
    seen = f"{int(stands.sum())} of {len(items)} withstand changes by half of white"
    return Check("no_bounds", low <= chance, seen)
