"""Labels and masks are explained one after the other, each by its own head."""

import numpy as np
import pytest
import torch

from sightline.errors import UsageError
from sightline.explain.quality.confidence import class_probability, mask_probability
from sightline.explain.targets import class_logit
from sightline.tasks.classification.explanation import ClassExplanation
from sightline.tasks.multitask.explanation import both
from sightline.tasks.segmentation.explanation import MaskExplanation, class_of_mask


def test_rows_are_those_of_the_split_and_scores_those_of_the_head():
    label = ClassExplanation(np.array([1]), torch.tensor([0]), [{"id": "c"}], ["cat"], [True])
    mask = MaskExplanation(
        np.array([0, 2]), torch.tensor([4, 1]), [{"id": "a"}, {"id": "c"}], ["x", "y"], [False, True]
    )
    found = both({"label": (label, np.array([0, 2])), "mask": (mask, np.arange(3))})
    assert found.rows.tolist() == [2, 0, 2]
    assert found.items == [{"id": "c", "of": "label"}, {"id": "a", "of": "mask"}, {"id": "c", "of": "mask"}]
    assert found.titles == ["label: cat", "mask: x", "mask: y"]
    assert found.right == [True, False, True]
    outputs = {"label": torch.randn(3, 2), "mask": torch.randn(3, 5, 4, 4)}
    scores = found.score(outputs, found.targets)
    assert scores[0] == class_logit(outputs["label"][:1], torch.tensor([0]))[0]
    assert torch.equal(scores[1:], class_of_mask(outputs["mask"][1:], torch.tensor([4, 1])))
    sure = found.confidence(outputs, found.targets, outputs)
    assert sure[0] == class_probability(outputs["label"][:1], torch.tensor([0]), outputs["label"][:1])[0]
    torch.testing.assert_close(
        sure[1:], mask_probability(outputs["mask"][1:], torch.tensor([4, 1]), outputs["mask"][1:])
    )


def test_logits_of_pixels_are_no_logits_of_images():
    with pytest.raises(UsageError, match="score=class_of_mask"):
        class_logit(torch.zeros(1, 3, 8, 8), torch.tensor([0]))
