"""What holds for every loss of masks, and how they are summed."""

import pytest
import torch

from sightline.config.segmentation import PixelLossWeights, SegmentationConfig
from sightline.tasks.segmentation.losses.weighted import WeightedSum, training_loss
from tests.unit.tasks.segmentation.losses.samples import CLASSES, IGNORE, sample

NAMES = tuple(PixelLossWeights.model_fields)
WEIGHTS = torch.tensor([0.5, 1.0, 2.0, 3.0])


def built(**losses: float) -> WeightedSum:
    weights = PixelLossWeights(**(dict.fromkeys(NAMES, 0.0) | losses))
    config = SegmentationConfig(
        loss=weights, class_weights="none", beta=0.99, focal_gamma=2.0, tversky_alpha=0.3, tversky_beta=0.7, smooth=1.0
    )
    return training_loss(config, 0.1, WEIGHTS, IGNORE)


@pytest.mark.parametrize("name", NAMES)
def test_an_image_of_ignored_pixels_has_no_loss_and_no_gradient(name: str):
    logits, masks = sample()
    masks[1] = IGNORE
    logits.requires_grad_()
    found = built(**{name: 1.0})(logits, masks)
    assert found.shape == (3,)
    assert found[1] == 0
    assert (found[[0, 2]] > 0).all()
    found.sum().backward()  # type: ignore[no-untyped-call]
    assert logits.grad is not None
    assert logits.grad.isfinite().all()
    ignored = (masks == IGNORE)[:, None].expand_as(logits)
    assert not logits.grad[ignored].any(), "nor has any ignored pixel of the other images"
    assert logits.grad[~ignored].any()


@pytest.mark.parametrize("name", NAMES)
def test_an_image_is_judged_alone(name: str):
    logits, masks = sample()
    loss = built(**{name: 1.0})
    alone = torch.cat([loss(logits[row : row + 1], masks[row : row + 1]) for row in range(3)])
    torch.testing.assert_close(loss(logits, masks), alone)


@pytest.mark.parametrize("name", NAMES)
def test_float32_stays_float32_inside_autocast(name: str):
    logits, masks = sample()
    loss = built(**{name: 1.0})
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = loss(logits, masks)
    assert inside.dtype == torch.float32
    assert torch.equal(inside, loss(logits, masks))


@pytest.mark.parametrize("name", NAMES)
def test_better_answers_have_less_loss(name: str):
    logits, masks = sample()
    loss = built(**{name: 1.0})
    truth = torch.nn.functional.one_hot(masks.where(masks != IGNORE, 0), CLASSES).movedim(3, 1)
    assert (loss(logits + 4 * truth, masks) < loss(logits, masks)).all()


def test_the_sum_is_weighted():
    logits, masks = sample()
    parts = {name: 0.5 + place for place, name in enumerate(NAMES)}
    expected = sum(weight * built(**{name: 1.0})(logits, masks) for name, weight in parts.items())
    torch.testing.assert_close(built(**parts)(logits, masks), expected)
    assert len(built(dice=0.5).terms) == 1
