"""Tversky loss, against its formula, against Dice, and against a peer."""

import pytest
import torch

from sightline.tasks.segmentation.losses.dice import Dice
from sightline.tasks.segmentation.losses.tversky import Tversky
from tests.unit.tasks.segmentation.losses.samples import CLASSES, IGNORE, pixels, sample, smp_losses


def test_by_its_formula():
    logits, masks = sample(1)
    probabilities, classes = pixels(logits[0], masks[0])
    lost = []
    for label in range(CLASSES):
        truth, p = classes == label, probabilities[:, label]
        right, false, missed = p[truth].sum(), p[~truth].sum(), (1 - p[truth]).sum()
        lost.append(1 - (right + 2) / (right + 0.3 * false + 0.7 * missed + 2))
    found = Tversky(IGNORE, alpha=0.3, beta=0.7, smooth=2.0)(logits.double(), masks)
    assert found.item() == pytest.approx(sum(lost) / CLASSES, rel=1e-12)


def test_of_equal_weights_it_is_dice():
    logits, masks = sample()
    masks[0][masks[0] == 2] = 1
    halves = Tversky(IGNORE, 0.5, 0.5, smooth=1.0)(logits, masks)
    torch.testing.assert_close(halves, Dice(IGNORE, smooth=2.0)(logits, masks))


def test_it_is_that_of_segmentation_models_pytorch():
    losses = smp_losses()
    peer = losses.TverskyLoss("multiclass", smooth=0.7, ignore_index=IGNORE, alpha=0.3, beta=0.7)  # type: ignore[attr-defined]
    logits, masks = sample(1)
    torch.testing.assert_close(Tversky(IGNORE, 0.3, 0.7, 0.7)(logits, masks)[0], peer(logits, masks), atol=1e-6, rtol=0)
