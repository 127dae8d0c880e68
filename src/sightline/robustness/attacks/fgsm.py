"""FGSM: one step up the gradient of the loss, as far as the budget goes (Goodfellow et al. 2015)."""

from torch import Tensor

from sightline.robustness.attacks.attack import Effort, Found
from sightline.robustness.attacks.ball import Ball
from sightline.robustness.attacks.draws import Draws
from sightline.robustness.attacks.pixel_model import PixelModel


def fgsm(
    model: PixelModel,
    images: Tensor,
    labels: Tensor,
    *,
    ball: Ball,
    effort: Effort,  # noqa: ARG001 - `Attack`
    draws: Draws,  # noqa: ARG001 - `Attack`
) -> Found:
    """The step, whatever comes of it; see `Attack`. In L2 along the gradient itself."""
    slope = model.slope(images, labels)
    points = ball.within(ball.step(images, slope.gradient, ball.radius), images)
    return Found(points, model.logits(points))
