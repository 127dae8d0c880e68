"""Attributions that add up have no error; others have what they lack."""

import math

import pytest
import torch

from sightline.explain.quality.completeness import completeness_error


def test_the_error_is_what_is_missing_over_what_is_explained():
    scores, baselines = torch.tensor([3.0, -1.0, 2.0]), torch.tensor([1.0, 1.0, 2.0])
    attributions = torch.zeros(3, 2, 2)
    attributions[0] = 0.5
    attributions[1, 0, 0] = -1.5
    found = completeness_error(attributions, scores, baselines)
    assert found[:2] == pytest.approx([0, 0.25])
    assert math.isnan(found[2])
