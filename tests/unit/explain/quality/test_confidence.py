"""Confidence is a probability, of the same pixels whatever becomes of the image."""

import torch

from sightline.explain.quality.confidence import class_probability, mask_probability
from sightline.explain.targets import NONE


def test_a_class_has_its_probability():
    logits = torch.tensor([[0.0, 2.0], [1.0, 1.0]])
    found = class_probability(logits, torch.tensor([1, 0]), logits)
    torch.testing.assert_close(found, torch.tensor([torch.sigmoid(torch.tensor(2.0)).item(), 0.5]))


def test_a_class_of_a_mask_is_asked_of_the_pixels_that_were_called_it():
    untouched = torch.zeros(1, 2, 2, 2)
    untouched[0, 1, 0] = 4.0
    untouched[0, 0, 1] = 4.0
    changed = -untouched
    asked = torch.tensor([1])
    high, low = torch.sigmoid(torch.tensor([4.0])), torch.sigmoid(torch.tensor([-4.0]))
    torch.testing.assert_close(mask_probability(untouched, asked, untouched), high)
    torch.testing.assert_close(mask_probability(changed, asked, untouched), low)
    nowhere = torch.zeros(1, 2, 2, 2)
    nowhere[:, 0] = 1
    assert mask_probability(nowhere, asked, nowhere) == 0


def test_a_class_set_against_another_has_its_probability_among_the_two():
    logits = torch.tensor([[1.0, 3.0, 9.0], [1.0, 3.0, 9.0]])
    found = class_probability(logits, torch.tensor([[1, 0], [1, NONE]]), logits)
    expected = torch.stack([torch.tensor(2.0).sigmoid(), logits[0].softmax(dim=0)[1]])
    torch.testing.assert_close(found, expected)
    masks = logits[:, :, None, None].expand(2, 3, 4, 5)
    called = torch.zeros_like(masks)
    called[:, 1, 0, :2] = 1
    torch.testing.assert_close(mask_probability(masks, torch.tensor([[1, 0], [1, NONE]]), called), expected)
