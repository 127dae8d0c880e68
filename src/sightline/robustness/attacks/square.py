"""Square attack: random squares that are kept where they help, without any gradient (Andriushchenko et al. 2020)."""

import math

import torch
from torch import Tensor

from sightline.robustness.attacks.attack import Effort, Found
from sightline.robustness.attacks.ball import Ball, lengths
from sightline.robustness.attacks.draws import Draws
from sightline.robustness.attacks.pixel_model import PixelModel, fooled, margins
from sightline.robustness.attacks.square_patterns import bump, tiled

SHARE = 0.8
"""Of an image's area that the first squares have; AutoAttack's."""
HALVINGS = (10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000)
"""Queries of ten thousand after which the area is halved."""
SMALLEST = 3
"""Side of a square in L2, pixels; the sides are odd there."""


def square(model: PixelModel, images: Tensor, labels: Tensor, *, ball: Ball, effort: Effort, draws: Draws) -> Found:
    """What random search has found after so many queries, from one start; see `Attack`.

    The one way that gradients cannot mislead: where it wins against those that follow them, these were led astray.
    """
    found = Found(images.clone(), model.logits(images))
    rows = torch.nonzero(~fooled(found.logits, labels))[:, 0]
    tried = _start(images[rows], draws.at(rows), ball)
    lowest = images.new_full((len(rows),), math.inf)
    for query in range(effort.queries):
        if not len(rows):
            break
        logits = model.logits(tried)
        mistaken, margin = fooled(logits, labels[rows]), margins(logits, labels[rows])
        better = mistaken | (margin < lowest)
        found.images[rows[better]], found.logits[rows[better]] = tried[better], logits[better]
        lowest = torch.where(better, margin, lowest)[~mistaken]
        rows = rows[~mistaken]
        area = area_at(query, effort.queries) * images[0, 0].numel()
        tried = _changed(found.images[rows], images[rows], area, draws.at(rows), f"square/{query}", ball)
    return found


def area_at(query: int, queries: int) -> float:
    """The share of an image's area that is changed after a query, counted from 0."""
    passed = sum(query / queries * 10_000 > limit for limit in HALVINGS)
    return SHARE * float(0.5**passed)


def _start(images: Tensor, draws: Draws, ball: Ball) -> Tensor:
    """Stripes in `linf`, tiles of bumps in L2, of random signs."""
    if ball.norm == "linf":
        return ball.within(images + ball.radius * draws.signs(images[:, :, :1], "square/start"), images)
    change = tiled(images, draws)
    return ball.within(images + ball.radius * change / lengths(change).clamp(min=1e-12), images)


def _changed(points: Tensor, images: Tensor, area: float, draws: Draws, stream: str, ball: Ball) -> Tensor:
    """Points with a square of another colour, at a place of its own in each image."""
    height, width = images.shape[2:]
    if ball.norm == "linf":
        side = min(max(round(math.sqrt(area)), 1), height, width)
        rows, columns = _window(images, side, draws, f"{stream}/first")
        signs = draws.signs(images[:, :, :1, :1], f"{stream}/sign")
        change = torch.zeros_like(images)
        _put(change, rows, columns, 2 * ball.radius * signs.expand(-1, -1, side, side))
        return ball.within(points + change, images)
    side = min(max(round(math.sqrt(area)), SMALLEST) // 2 * 2 + 1, height, width)
    return _moved(points, images, side, draws, stream, ball)


def _moved(points: Tensor, images: Tensor, side: int, draws: Draws, stream: str, ball: Ball) -> Tensor:
    """Length taken from one square and given to a bump in another, in L2."""
    change = points - images
    first, second = (_window(images, side, draws, f"{stream}/{name}") for name in ("first", "second"))
    old = _get(change, *first)
    both = torch.zeros_like(change)
    for rows, columns in (first, second):
        _put(both, rows, columns, _get(change, rows, columns))
    unused = (ball.radius**2 - lengths(change).square()).clamp(min=0)
    mass = _squares(both, (2, 3)) + unused / images.shape[1]
    signs = draws.signs(images[:, :, :1, :1], f"{stream}/sign")
    turned = draws.uniform(images[:, :1, :1, :1], f"{stream}/turn") < 0.5
    pattern = bump(side).to(images)
    new = torch.where(turned, pattern.T, pattern) * signs + old / _squares(old, (2, 3)).sqrt().clamp(min=1e-12)
    new = new / _squares(new, (2, 3)).sqrt().clamp(min=1e-12) * mass.sqrt()
    _put(change, *second, torch.zeros_like(new))
    _put(change, *first, new)
    return ball.within(images + ball.radius * change / lengths(change).clamp(min=1e-12), images)


def _squares(change: Tensor, along: tuple[int, ...]) -> Tensor:
    return change.square().sum(dim=along, keepdim=True)


def _window(images: Tensor, side: int, draws: Draws, stream: str) -> tuple[Tensor, Tensor]:
    """Rows (B, 1, side, 1) and columns (B, 1, 1, side) of a square at a random place of each image."""
    drawn = draws.uniform(images[:, :2, 0, 0], stream)
    free = torch.tensor([images.shape[2] - side + 1, images.shape[3] - side + 1], device=images.device)
    starts = (drawn * free).long().clamp(max=free - 1)
    inside = torch.arange(side, device=images.device)
    return (starts[:, 0, None] + inside)[:, None, :, None], (starts[:, 1, None] + inside)[:, None, None, :]


def _places(images: Tensor) -> tuple[Tensor, Tensor]:
    batch = torch.arange(len(images), device=images.device)[:, None, None, None]
    return batch, torch.arange(images.shape[1], device=images.device)[:, None, None]


def _get(images: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """(B, C, side, side) what is there."""
    return images[(*_places(images), rows, columns)]


def _put(images: Tensor, rows: Tensor, columns: Tensor, values: Tensor) -> None:
    """Write (B, C, side, side) there, in place."""
    images[(*_places(images), rows, columns)] = values
