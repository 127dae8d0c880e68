"""Probabilities that were said to be logits are found, and what cannot be a number is refused with its place."""

import numpy as np
import pytest
from scipy.special import log_softmax, softmax
from sklearn.metrics import log_loss

from sightline.errors import UsageError
from sightline.run.logits import from_logits, from_probabilities


def place(row: int) -> str:
    return f"row {row}"


def shares(seed: int = 0, classes: int = 4) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.ones(classes), size=30)


def test_logits_stay_as_they_are():
    values = np.random.default_rng(0).normal(size=(30, 4))
    for given in (values, np.log(shares()), np.full((1, 4), 0.0), values + 50):
        logits, notes = from_logits(given, place, "")
        np.testing.assert_array_equal(logits, given.astype(np.float32))
        assert notes == [] or given.max() == 0


@pytest.mark.parametrize(("factor", "digits"), [(1, 12), (1, 3), (100, 1)])
def test_probabilities_are_no_logits(factor: float, digits: int):
    with pytest.raises(UsageError, match=r"row 0: .* no logits; .*say so") as refusal:
        from_logits(np.round(shares() * factor, digits), place, "say so")
    assert ("divide them by 100" in str(refusal.value)) == (factor == 100)


def test_scores_of_sigmoids_are_remarked_upon():
    _, notes = from_logits(np.random.default_rng(0).random((30, 4)), place, "")
    assert "sigmoid" in " ".join(notes)


def test_probabilities_score_as_scikit_learn_scores_them():
    values = shares()
    values[:5] = np.eye(4)[[0, 1, 2, 3, 0]]
    labels = np.arange(30) % 4
    logits, notes = from_probabilities(values, place)
    own = -log_softmax(logits.astype(np.float64), axis=1)[np.arange(30), labels].mean()
    assert own == pytest.approx(log_loss(labels, values, labels=range(4)), rel=1e-6)
    assert "15 probabilities of 0 in 5 items" in notes[0]
    np.testing.assert_allclose(softmax(logits.astype(np.float64), axis=1), values, atol=1e-6)


def test_the_logarithm_of_nought_gets_a_floor_below_all_others():
    values = np.array([[0.0, -np.inf, -400.0], [np.log(0.5), np.log(0.5), -np.inf], [1.0, 2.0, 3.0]])
    logits, (note,) = from_logits(values, place, "")
    assert logits[0].tolist() == [0.0, -400.0, -400.0]
    assert logits[1, 2] == pytest.approx(np.log(np.finfo(float).eps))
    assert logits[2].tolist() == [1.0, 2.0, 3.0]
    assert "2 probabilities of 0 in 2 items" in note


@pytest.mark.parametrize("row", [[np.nan, 0.0], [np.inf, 0.0], [-np.inf, -np.inf], [1e39, 0.0]])
def test_what_is_no_number_is_refused_with_its_place(row: list[float]):
    with pytest.raises(UsageError, match="row 1: it takes finite logits, or -inf"):
        from_logits(np.array([[0.5, -2.0], row]), place, "")


@pytest.mark.parametrize("row", [[0.6, 0.6], [-0.1, 1.1], [np.nan, 1.0], [40.0, 60.0]])
def test_what_is_no_probability_is_refused_with_its_place(row: list[float]):
    with pytest.raises(UsageError, match=r"row 1: .*probabilities are 0 to 1 and sum to 1"):
        from_probabilities(np.array([[0.5, 0.5], row]), place)
