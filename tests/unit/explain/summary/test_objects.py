"""The pointing game and the energy on an object are what can be counted by hand."""

import numpy as np
import pytest
import torch

from sightline.explain.summary.objects import on_objects


def test_they_are_counted_by_hand():
    heat = torch.tensor([[[4.0, 1.0], [3.0, -2.0]], [[1.0, 1.0], [2.0, 2.0]], [[1.0, 0.0], [0.0, 3.0]]])
    masks = torch.tensor([[[1, 1], [0, 0]], [[0, 1], [0, 1]], [[1, 0], [0, 0]]], dtype=torch.bool)
    pointing, energy, area = on_objects(heat, masks)
    assert pointing == pytest.approx([1, 0.5, 0]), "of two highest values one lies on the object of the second"
    assert energy == pytest.approx([5 / 8, 3 / 6, 1 / 4])
    assert area == pytest.approx([0.5, 0.5, 0.25])


def test_images_without_object_or_map_do_not_count():
    heat = torch.stack([torch.ones(2, 2), torch.zeros(2, 2), torch.ones(2, 2)])
    masks = torch.stack([torch.zeros(2, 2), torch.ones(2, 2), torch.ones(2, 2)]).bool()
    for found in on_objects(heat, masks):
        assert np.isnan(found).tolist() == [True, True, False]


def test_a_map_that_knows_nothing_has_the_area_of_the_object():
    drawn = torch.Generator().manual_seed(0)
    masks = torch.zeros(2000, 8, 8, dtype=torch.bool)
    masks[:, 2:6, 2:5] = True
    pointing, energy, area = on_objects(torch.rand(2000, 8, 8, generator=drawn), masks)
    assert pointing.mean() == pytest.approx(area[0], abs=0.03)
    assert energy.mean() == pytest.approx(area[0], abs=0.01)
