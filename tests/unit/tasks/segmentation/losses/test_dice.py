"""Dice loss, against scikit-learn where answers are certain, and against its formula."""

import pytest
import torch
from sklearn.metrics import f1_score

from sightline.tasks.segmentation.losses.dice import Dice
from tests.unit.tasks.segmentation.losses.samples import CLASSES, IGNORE, pixels, sample, smp_losses


def test_of_certain_answers_it_is_one_less_the_f1_of_the_classes_that_the_image_holds():
    logits, masks = sample()
    masks[0][masks[0] == 2] = 1  # class 2 is absent from the first image's truth, and predicted there
    certain = 1000 * torch.nn.functional.one_hot(logits.argmax(dim=1), CLASSES).movedim(3, 1).double()
    found = Dice(IGNORE, smooth=0.0)(certain, masks)
    for image, mask, value in zip(certain, masks, found.tolist(), strict=True):
        probabilities, classes = pixels(image, mask)
        present = sorted(set(classes.tolist()))
        expected = f1_score(classes, probabilities.argmax(axis=1), labels=present, average="macro", zero_division=0)
        assert value == pytest.approx(1 - expected, abs=1e-12)
    assert len(set(masks[0].flatten().tolist()) - {IGNORE}) == CLASSES - 1


def test_by_its_formula():
    logits, masks = sample(1)
    probabilities, classes = pixels(logits[0], masks[0])
    lost = []
    for label in range(CLASSES):
        truth = classes == label
        both, sizes = probabilities[truth, label].sum(), probabilities[:, label].sum() + truth.sum()
        lost.append(1 - (2 * both + 1.5) / (sizes + 1.5))
    assert Dice(IGNORE, 1.5)(logits.double(), masks).item() == pytest.approx(sum(lost) / CLASSES, rel=1e-12)


def test_it_is_that_of_segmentation_models_pytorch():
    """There it is a case of Tversky, whose smoothing is half as much."""
    peer = smp_losses().DiceLoss("multiclass", smooth=0.7, ignore_index=IGNORE)  # type: ignore[attr-defined]
    logits, masks = sample(1)
    torch.testing.assert_close(Dice(IGNORE, 1.4)(logits, masks)[0], peer(logits, masks), atol=1e-6, rtol=0)
