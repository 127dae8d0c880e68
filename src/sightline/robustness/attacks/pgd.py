"""PGD: steps up the gradient from random starts, back into the ball after each (Madry et al. 2018)."""

from torch import Tensor

from sightline.robustness.attacks.attack import Best, Effort, Found
from sightline.robustness.attacks.ball import Ball
from sightline.robustness.attacks.draws import Draws
from sightline.robustness.attacks.pixel_model import PixelModel

WAY = 2.5
"""Length of all steps together over the radius, as in the paper's code: the edge is in reach from anywhere."""


def pgd(model: PixelModel, images: Tensor, labels: Tensor, *, ball: Ball, effort: Effort, draws: Draws) -> Found:
    """The best iterate over all starts, the image itself among them; see `Attack`.

    An image goes on until it is mistaken: what comes later does not change that.
    """
    best = Best(model, images, labels)
    for restart in range(effort.restarts):
        rows = best.standing()
        if not len(rows):
            break
        points = ball.anywhere(images[rows], draws.at(rows).again(restart), "pgd")
        for step in range(effort.steps + 1):
            slope = model.slope(points, labels[rows])
            stands = best.offer(rows, points, slope.logits, slope.losses)
            rows, points = rows[stands], points[stands]
            if step == effort.steps or not len(rows):
                break
            ahead = ball.step(points, slope.gradient[stands], WAY * ball.radius / effort.steps)
            points = ball.within(ahead, images[rows])
    return best.found()
