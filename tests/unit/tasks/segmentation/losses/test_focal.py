"""Focal loss, against torchvision's for two classes, and against its formula."""

import numpy as np
import pytest
import torch
from torchvision.ops import sigmoid_focal_loss

from sightline.tasks.segmentation.losses.cross_entropy import CrossEntropy
from sightline.tasks.segmentation.losses.focal import Focal
from tests.unit.tasks.segmentation.losses.samples import IGNORE, pixels, sample


def test_of_two_classes_it_is_torchvisions():
    """The softmax of (0, x) is the sigmoid of x; alpha below 0 leaves it out."""
    logits, masks = sample()
    one = logits[:, :1].double()
    masks = torch.where(masks == IGNORE, masks, masks % 2)
    each = sigmoid_focal_loss(one[:, 0], (masks == 1).double(), alpha=-1, gamma=2.0)
    counts = masks != IGNORE
    expected = (each * counts).sum(dim=(1, 2)) / counts.sum(dim=(1, 2))
    found = Focal(IGNORE, gamma=2.0)(torch.cat([torch.zeros_like(one), one], dim=1), masks)
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=0)


def test_by_its_formula_with_weights():
    logits, masks = sample(1)
    probabilities, classes = pixels(logits[0], masks[0])
    weights = np.array([0.5, 1.0, 2.0, 3.0])
    p = probabilities[np.arange(len(classes)), classes]
    expected = (-((1 - p) ** 1.5) * np.log(p) * weights[classes]).mean()
    found = Focal(IGNORE, 1.5, torch.from_numpy(weights))(logits.double(), masks)
    assert found.item() == pytest.approx(expected, rel=1e-12)


def test_without_a_power_it_is_cross_entropy():
    logits, masks = sample()
    torch.testing.assert_close(Focal(IGNORE, 0.0)(logits, masks), CrossEntropy(IGNORE)(logits, masks))


def test_a_pixel_of_which_the_model_is_certain_has_a_gradient():
    logits = torch.zeros(1, 2, 1, 1, requires_grad=True)
    sure = logits + torch.tensor([200.0, 0.0]).view(1, 2, 1, 1)
    Focal(IGNORE, 0.5)(sure, torch.zeros(1, 1, 1, dtype=torch.long)).sum().backward()  # type: ignore[no-untyped-call]
    assert logits.grad is not None
    assert logits.grad.isfinite().all()
