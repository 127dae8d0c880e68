"""How far an attack may go: a ball around each image, within the box of pixels from 0 to 1."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from sightline.robustness.attacks.draws import Draws

Norm = Literal["linf", "l2"]
"""`linf` is the largest change of a value, `l2` the root of the sum of all squared changes."""


@dataclass(frozen=True)
class Ball:
    """All that is within a distance of an image.

    Attributes:
        norm: the distance.
        radius: with white as 1.
    """

    norm: Norm
    radius: float

    def always_open(self, values: int) -> float:
        """How far every image of so many values can go within the box: grey, the worst, by half of white in each."""
        return 0.5 if self.norm == "linf" else 0.5 * values**0.5

    def within(self, points: Tensor, images: Tensor) -> Tensor:
        """The nearest to points in the ball around the images (both (B, 3, H, W)), then in the box."""
        if self.norm == "linf":
            near = torch.minimum(torch.maximum(points, images - self.radius), images + self.radius)
        else:
            change = points - images
            length = lengths(change)
            # A point inside stays as it is, to the bit.
            near = torch.where(length > self.radius, images + change * (self.radius / length), points)
        return near.clamp(0, 1)

    def step(self, points: Tensor, gradient: Tensor, size: float | Tensor) -> Tensor:
        """Go up the gradient by a size, (B, 1, 1, 1) or one for all; where there is no gradient nothing moves."""
        return points + size * self.steepest(gradient)

    def steepest(self, gradient: Tensor) -> Tensor:
        """The direction of length 1 in which a gradient (B, 3, H, W) gains most."""
        return gradient.sign() if self.norm == "linf" else unit(gradient)

    def anywhere(self, images: Tensor, draws: Draws, stream: str) -> Tensor:
        """A point in each ball, uniform, cut to the box."""
        if self.norm == "linf":
            change = self.radius * (2 * draws.uniform(images, stream) - 1)
        else:
            share = draws.uniform(images[:, :1, :1, :1], f"{stream}/length") ** (1 / images[0].numel())
            change = self.radius * share * unit(draws.normal(images, stream))
        return self.within(images + change, images)

    def on_edge(self, images: Tensor, draws: Draws, stream: str) -> Tensor:
        """A point on each ball's surface, cut to the box."""
        if self.norm == "linf":
            change = 2 * draws.uniform(images, stream) - 1
            change = change / change.abs().amax(dim=(1, 2, 3), keepdim=True).clamp(min=1e-12)
        else:
            change = unit(draws.normal(images, stream))
        return self.within(images + self.radius * change, images)

    def distances(self, points: Tensor, images: Tensor) -> Tensor:
        """(B,) float64 how far points are from images, in this ball's norm."""
        change = (points.cpu().double() - images.cpu().double()).flatten(1)
        return change.abs().amax(dim=1) if self.norm == "linf" else change.square().sum(dim=1).sqrt()


def lengths(change: Tensor) -> Tensor:
    """(B, 1, 1, 1) the Euclidean length of each image's change."""
    found: Tensor = torch.linalg.vector_norm(change, dim=(1, 2, 3), keepdim=True)
    return found


def unit(change: Tensor) -> Tensor:
    """Changes (B, 3, H, W) of length 1; zeros stay."""
    largest = change.abs().amax(dim=(1, 2, 3), keepdim=True)
    # Squares of the tiny gradients of a certain answer would vanish.
    scaled = change / torch.where(largest > 0, largest, 1.0)
    length = lengths(scaled)
    return scaled / torch.where(length > 0, length, 1.0)
