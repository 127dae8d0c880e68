import numpy as np
import pytest
from scipy.special import softmax
from scipy.stats import entropy

from sightline.metrics.comparison.mixture import Mixture


def members(count: int = 4):
    rng = np.random.default_rng(0)
    return [softmax(2 * rng.normal(size=(6, 3)), axis=1) for _ in range(count)]


def test_the_parts_of_uncertainty_by_their_definitions():
    each = members()
    mixture = Mixture()
    for one in each:
        mixture.add(one)
    mean = np.mean(each, axis=0)
    assert mixture.members == 4
    assert mixture.probabilities == pytest.approx(mean)
    assert mixture.entropy == pytest.approx(entropy(mean, axis=1))
    # The information about the member that an answer gives: the mean divergence of the members from their mean.
    divergence = np.mean([entropy(one, mean, axis=1) for one in each], axis=0)
    assert mixture.mutual_information == pytest.approx(divergence)
    assert softmax(mixture.logits.astype(float), axis=1) == pytest.approx(mean, abs=1e-6)


def test_members_that_agree_share_no_information():
    (one,) = members(1)
    mixture = Mixture().add(one).add(one)
    assert mixture.mutual_information == pytest.approx(np.zeros(6), abs=1e-12)


def test_certain_answers_that_contradict_each_other():
    sure = np.eye(2)[[0, 0]]
    mixture = Mixture().add(sure).add(sure[:, ::-1])
    assert mixture.mutual_information == pytest.approx([np.log(2)] * 2)
    assert np.isfinite(Mixture().add(sure).logits).all()
