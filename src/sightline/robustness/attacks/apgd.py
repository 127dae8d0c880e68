"""APGD-CE: PGD with momentum and steps that halve themselves when they stop paying (Croce and Hein 2020)."""

from dataclasses import dataclass, fields
from typing import Self

import torch
from torch import Tensor

from sightline.robustness.attacks.attack import Best, Effort, Found
from sightline.robustness.attacks.ball import Ball
from sightline.robustness.attacks.draws import Draws
from sightline.robustness.attacks.pixel_model import PixelModel, Slope

MOMENTUM = 0.25
"""The last step's share in the next."""
FIRST_STEP = 2.0
"""Over the radius."""
RISING = 0.75
"""The share of steps that must raise the loss for their size to stay."""
FIRST_CHECK, SHORTER, SHORTEST = 0.22, 0.03, 0.06
"""Shares of all steps: before the first look at the step size, by how much less before each next, and the least."""


@dataclass
class _State:
    """Images on their way from one start; every field has a row for each.

    Attributes:
        rows: which images they are.
        points: where they are.
        before: where they were a step ago.
        gradient: at `points`.
        sizes: (B, 1, 1, 1) of their steps.
        losses: at `points`.
        rises: how many steps since the last look have raised the loss.
        peak: the largest loss so far.
        peak_points: where that was.
        peak_gradient: the gradient there.
        last_peak: `peak` at the last look.
        was_halved: whether the size was halved then.
    """

    rows: Tensor
    points: Tensor
    before: Tensor
    gradient: Tensor
    sizes: Tensor
    losses: Tensor
    rises: Tensor
    peak: Tensor
    peak_points: Tensor
    peak_gradient: Tensor
    last_peak: Tensor
    was_halved: Tensor

    @classmethod
    def start(cls, rows: Tensor, points: Tensor, slope: Slope, radius: float) -> Self:
        sizes = points.new_full((len(points), 1, 1, 1), FIRST_STEP * radius)
        losses, none = slope.losses, torch.zeros_like(slope.losses)
        halved = torch.ones_like(none, dtype=torch.bool)
        return cls(
            rows, points, points, slope.gradient, sizes, losses, none, losses, points, slope.gradient, losses, halved
        )

    def at(self, chosen: Tensor) -> Self:
        """Those of some rows."""
        return type(self)(*(getattr(self, one.name)[chosen] for one in fields(self)))


def apgd(model: PixelModel, images: Tensor, labels: Tensor, *, ball: Ball, effort: Effort, draws: Draws) -> Found:
    """The best iterate over all starts, the image itself among them; see `Attack` and `pgd`."""
    best = Best(model, images, labels)
    for restart in range(effort.restarts):
        rows = best.standing()
        if len(rows):
            points = ball.on_edge(images[rows], draws.at(rows).again(restart), "apgd")
            slope = model.slope(points, labels[rows])
            stands = best.offer(rows, points, slope.logits, slope.losses)
            state = _State.start(rows, points, slope, ball.radius).at(stands)
            _climb(model, best, state, images, labels, ball, effort.steps)
    return best.found()


def _climb(
    model: PixelModel, best: Best, state: _State, images: Tensor, labels: Tensor, ball: Ball, steps: int
) -> None:
    """All steps from one start."""
    wait, since = max(int(FIRST_CHECK * steps), 1), 0
    for step in range(steps):
        if not len(state.rows):
            return
        _move(state, images[state.rows], ball, momentum=MOMENTUM if step else 0.0)
        slope = model.slope(state.points, labels[state.rows])
        stands = best.offer(state.rows, state.points, slope.logits, slope.losses)
        _note(state, slope)
        since += 1
        if since == wait:
            _judge(state, since)
            wait, since = max(wait - max(int(SHORTER * steps), 1), max(int(SHORTEST * steps), 1)), 0
        state = state.at(stands)


def _move(state: _State, images: Tensor, ball: Ball, momentum: float) -> None:
    """One step: up the gradient, and on in the direction of the last one."""
    ahead = ball.within(ball.step(state.points, state.gradient, state.sizes), images)
    mixed = state.points + (1 - momentum) * (ahead - state.points) + momentum * (state.points - state.before)
    state.before, state.points = state.points, ball.within(mixed, images)


def _note(state: _State, slope: Slope) -> None:
    """What was found where the images are now."""
    state.rises = state.rises + (slope.losses > state.losses)
    state.losses, state.gradient = slope.losses, slope.gradient
    higher = slope.losses > state.peak
    wide = higher[:, None, None, None]
    state.peak = torch.where(higher, slope.losses, state.peak)
    state.peak_points = torch.where(wide, state.points, state.peak_points)
    state.peak_gradient = torch.where(wide, slope.gradient, state.peak_gradient)


def _judge(state: _State, steps: int) -> None:
    """Halve steps that seldom raise the loss, or that gained nothing at this size; go on from the best point then."""
    halve = (state.rises <= RISING * steps) | (~state.was_halved & (state.last_peak >= state.peak))
    wide = halve[:, None, None, None]
    state.sizes = torch.where(wide, state.sizes / 2, state.sizes)
    state.points = torch.where(wide, state.peak_points, state.points)
    state.gradient = torch.where(wide, state.peak_gradient, state.gradient)
    state.rises = torch.zeros_like(state.rises)
    state.last_peak, state.was_halved = state.peak, halve
