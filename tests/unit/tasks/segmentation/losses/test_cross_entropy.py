"""Cross-entropy of pixels, against scikit-learn and torch."""

import pytest
import torch
import torch.nn.functional as F
from sklearn.metrics import log_loss

from sightline.tasks.segmentation.losses.cross_entropy import CrossEntropy
from tests.unit.tasks.segmentation.losses.samples import CLASSES, IGNORE, pixels, sample


def test_it_is_the_log_loss_of_the_pixels_that_count():
    logits, masks = sample()
    found = CrossEntropy(IGNORE)(logits.double(), masks)
    for image, mask, value in zip(logits, masks, found.tolist(), strict=True):
        probabilities, classes = pixels(image, mask)
        assert value == pytest.approx(log_loss(classes, probabilities, labels=range(CLASSES)), rel=1e-12)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_weights_and_smoothing_are_torchs_in_the_mean_over_pixels(smoothing: float):
    logits, masks = sample(1)
    weights = torch.tensor([0.5, 1.0, 2.0, 3.0])
    counts = masks[0] != IGNORE
    flat = logits[0][:, counts].T
    each = F.cross_entropy(flat, masks[0][counts], weight=weights, label_smoothing=smoothing, reduction="none")
    found = CrossEntropy(IGNORE, weights, smoothing)(logits, masks)
    torch.testing.assert_close(found, each.mean()[None])
