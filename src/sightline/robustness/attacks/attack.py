"""What every attack takes and gives, and the best that it has found so far."""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from sightline.robustness.attacks.ball import Ball
from sightline.robustness.attacks.draws import Draws
from sightline.robustness.attacks.pixel_model import PixelModel, fooled, losses_of


@dataclass(frozen=True)
class Effort:
    """How hard an attack tries; each takes what concerns it.

    Attributes:
        steps: gradients from one start.
        restarts: random starts.
        queries: answers that an attack without gradients asks for.
    """

    steps: int
    restarts: int
    queries: int


class Found(NamedTuple):
    """What an attack gives.

    Attributes:
        images: (B, 3, H, W) within the ball and the box.
        logits: (B, classes) what the model said of them when the attack asked.
    """

    images: Tensor
    logits: Tensor


class Attack(Protocol):
    """How every attack is called."""

    def __call__(
        self, model: PixelModel, images: Tensor, labels: Tensor, *, ball: Ball, effort: Effort, draws: Draws
    ) -> Found:
        """Images that the model may take for something else.

        Args:
            model: the classifier.
            images: (B, 3, H, W) float32 from 0 to 1.
            labels: (B,) the truth.
            ball: how far to go.
            effort: how hard to try.
            draws: random numbers of the items.
        """


class Best:
    """The best iterate of each image: the first that is mistaken, else the one of the largest loss.

    Attributes:
        images: (B, 3, H, W) the iterates, at first the images themselves.
        logits: (B, classes) of them.

    Args:
        model: the classifier.
        images: as they are.
        labels: (B,) the truth.
    """

    def __init__(self, model: PixelModel, images: Tensor, labels: Tensor) -> None:
        self.images = images.clone()
        self.logits = model.logits(images)
        self._labels = labels
        self._losses = losses_of(self.logits, labels)
        self._fooled = fooled(self.logits, labels)

    def offer(self, rows: Tensor, points: Tensor, logits: Tensor, losses: Tensor) -> Tensor:
        """Keep what is better among points of the images in some rows.

        Returns:
            (len(rows),) which of these images still stand.
        """
        mistaken = fooled(logits, self._labels[rows])
        better = ~self._fooled[rows] & (mistaken | (losses > self._losses[rows]))
        for kept, new in ((self.images, points), (self.logits, logits), (self._losses, losses)):
            kept[rows[better]] = new[better]
        self._fooled[rows] |= mistaken
        return ~self._fooled[rows]

    def standing(self) -> Tensor:
        """The rows of images that no iterate is mistaken of."""
        return torch.nonzero(~self._fooled)[:, 0]

    def found(self) -> Found:
        """All images."""
        return Found(self.images, self.logits)
