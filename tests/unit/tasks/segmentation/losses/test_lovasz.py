"""Lovász-softmax, against the Jaccard loss it extends, its definition pixel by pixel, and a peer."""

import pytest
import torch
from sklearn.metrics import jaccard_score

from sightline.tasks.segmentation.losses.lovasz import Lovasz
from tests.unit.tasks.segmentation.losses.samples import CLASSES, IGNORE, pixels, sample, smp_losses


def test_of_certain_answers_it_is_one_less_the_iou_of_the_classes_that_the_image_holds():
    logits, masks = sample()
    masks[0][masks[0] == 2] = 1
    certain = 1000 * torch.nn.functional.one_hot(logits.argmax(dim=1), CLASSES).movedim(3, 1).double()
    found = Lovasz(IGNORE)(certain, masks)
    for image, mask, value in zip(certain, masks, found.tolist(), strict=True):
        probabilities, classes = pixels(image, mask)
        present = sorted(set(classes.tolist()))
        expected = jaccard_score(classes, probabilities.argmax(axis=1), labels=present, average="macro")
        assert value == pytest.approx(1 - expected, abs=1e-12)


def test_by_its_definition():
    """Of errors that fall, each weighs by how much its pixel raises the Jaccard loss of the pixels before it."""
    logits, masks = sample(1)
    probabilities, classes = pixels(logits[0], masks[0])
    lost = []
    for label in range(CLASSES):
        truth = classes == label
        errors = abs(truth - probabilities[:, label])
        order, before, total = (-errors).argsort(), 0.0, 0.0
        wrong: set[int] = set()
        for place in order.tolist():
            wrong.add(place)
            missed = sum(bool(truth[one]) for one in wrong)
            union = truth.sum() + len(wrong) - missed
            loss = 1 - (truth.sum() - missed) / union
            total, before = total + errors[place] * (loss - before), loss
        lost.append(total)
    assert Lovasz(IGNORE)(logits.double(), masks).item() == pytest.approx(sum(lost) / CLASSES, rel=1e-12)


def test_it_is_that_of_segmentation_models_pytorch():
    losses = smp_losses()
    peer = losses.LovaszLoss("multiclass", ignore_index=IGNORE, from_logits=True)  # type: ignore[attr-defined]
    logits, masks = sample(1)
    torch.testing.assert_close(Lovasz(IGNORE)(logits, masks)[0], peer(logits, masks), atol=1e-6, rtol=0)
