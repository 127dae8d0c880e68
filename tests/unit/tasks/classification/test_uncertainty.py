"""Members are averaged item by item, whatever order each has them in."""

import numpy as np
import pytest

from sightline.errors import UsageError
from sightline.metrics.predictions import Predictions
from sightline.tasks.classification.uncertainty import ClassMemberMean


def member(seed: int, names: tuple[str, ...] = ("a", "b", "c")) -> Predictions:
    logits = np.random.default_rng(seed).normal(size=(len(names), 2)).astype(np.float32)
    return Predictions(np.array(names), logits, np.arange(len(names)) % 2)


def test_the_mean_is_of_probabilities_and_in_the_order_of_the_first():
    mean, one, two = ClassMemberMean(), member(0), member(1)
    mean.add(one)
    turned = Predictions(two.ids[::-1], two.logits[::-1], two.labels[::-1])
    mean.add(turned, "turned")
    assert mean.members == 2
    expected = (one.probabilities() + two.probabilities()) / 2
    np.testing.assert_allclose(mean.predictions.probabilities(), expected, rtol=1e-6)
    np.testing.assert_array_equal(mean.predictions.ids, one.ids)
    np.testing.assert_array_equal(mean.predictions.labels, one.labels)


def test_members_that_agree_do_not_contradict_each_other():
    mean, apart = ClassMemberMean(), ClassMemberMean()
    for seed in (0, 0):
        mean.add(member(seed))
    for seed in (0, 1):
        apart.add(member(seed))
    assert mean.disagreement.max() < 1e-9
    assert apart.disagreement.min() > 1e-6


def test_a_member_of_other_items_is_named():
    mean = ClassMemberMean()
    mean.add(member(0), "ours")
    with pytest.raises(UsageError, match="theirs and ours were measured on different items"):
        mean.add(member(1, ("a", "b", "d")), "theirs")
