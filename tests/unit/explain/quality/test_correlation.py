"""Spearman's correlation is scipy's, for each image."""

import math

import pytest
import torch
from scipy.stats import spearmanr

from sightline.explain.quality.correlation import agreement, spearman


def test_it_is_scipys_with_ties():
    drawn = torch.Generator().manual_seed(0)
    one, other = torch.rand(4, 6, 5, generator=drawn).round(decimals=1), torch.rand(4, 6, 5, generator=drawn).relu()
    expected = [spearmanr(a.flatten(), b.flatten()).statistic for a, b in zip(one, other, strict=True)]
    assert spearman(one, other) == pytest.approx(expected)
    assert spearman(one, one.exp()) == pytest.approx([1] * 4)
    assert spearman(one, -one) == pytest.approx([-1] * 4)


def test_an_empty_map_is_like_none():
    assert math.isnan(spearman(torch.zeros(1, 4, 4), torch.rand(1, 4, 4))[0])
    assert len(spearman(torch.zeros(0, 4, 4), torch.zeros(0, 4, 4))) == 0


def test_each_pair_of_methods_is_compared_once():
    maps = {name: torch.rand(2, 4, 4) for name in "abc"}
    found = agreement(maps)
    assert list(found) == [("a", "b"), ("a", "c"), ("b", "c")]
    assert found["a", "c"] == pytest.approx(spearman(maps["a"], maps["c"]))
