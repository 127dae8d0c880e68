"""Random noise as large as the budget of the attacks: what breaks no more than they do.

In L2 noise of every kind has the length of the budget, before it is cut to the box (as Foolbox does). In Linf the
budget is the standard deviation of Gaussian noise, which is cut there, the limit of uniform noise, and the size of
every random sign.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor

from sightline.config.adversarial import WHITE
from sightline.config.robustness import NoiseName
from sightline.robustness.attacks.ball import Ball
from sightline.robustness.attacks.draws import Draws
from sightline.robustness.attacks.pixel_model import from_bytes

VERSION: Final = 1
"""Of the pixels; what was measured on others is measured anew."""


@dataclass(frozen=True)
class Noise:
    """A kind of noise.

    Attributes:
        label: what it is called.
        draw: a number for each value of images, with a standard deviation or a limit of 1.
    """

    label: str
    draw: Callable[[Draws, Tensor, str], Tensor]


NOISES: Final[Mapping[NoiseName, Noise]] = {
    "gaussian": Noise("Gaussian noise", Draws.normal),
    "uniform": Noise("Uniform noise", lambda draws, like, stream: 2 * draws.uniform(like, stream) - 1),
    "sign": Noise("Random signs", Draws.signs),
}
"""By the names that `robustness.noise` takes."""


def noisy(images: Tensor, name: NoiseName, ball: Ball, draws: Draws) -> Tensor:
    """Images with noise that stays in the ball around each and in the box; a function of ids and seed alone.

    Args:
        images: (B, 3, H, W) float32 from 0 to 1.
        name: of the noise.
        ball: how large it is.
        draws: random numbers of the images.
    """
    numbers = NOISES[name].draw(draws, images, f"noise/{name}")
    if ball.norm == "linf":
        change = (ball.radius * numbers).clamp(-ball.radius, ball.radius)
    else:
        # Each image's own sum, in one order: a batch adds in another.
        squares = np.square(numbers.cpu().double().flatten(1).numpy())
        lengths = np.array([np.sqrt(row.sum()) for row in squares])
        scale = torch.from_numpy((ball.radius / np.maximum(lengths, 1e-12)).astype(np.float32))
        change = numbers * scale.to(images.device)[:, None, None, None]
    return (images + change).clamp(0, 1)


def noisy_bytes(pixels: Tensor, ids: Sequence[str], name: NoiseName, ball: Ball, seed: int) -> Tensor:
    """Of uint8 (B, 3, H, W) float32 from 0 to 255 with noise, not rounded."""
    return noisy(from_bytes(pixels), name, ball, Draws.of(ids, seed)) * WHITE
