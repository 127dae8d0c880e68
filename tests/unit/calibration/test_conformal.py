"""Conformal sets cover as often as promised, no more than by chance more or less, and equal a slow account of them."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import softmax
from scipy.stats import norm

from sightline.calibration.conformal import (
    FREE_RANKS,
    METHODS,
    PENALTY,
    class_scores,
    fit_quantiles,
    prediction_sets,
    quantile,
    units_needed,
)
from sightline.calibration.temperature import assign_folds
from sightline.metrics.documents.calibration import SetMethod

CLASSES, RESPLITS = 8, 200
ORACLES = ((0.1, 0.8758525038, 84, 0.9702634762), (0.2, 0.8399719109, 72, 0.9500300230))


def answers(n: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """An overconfident model of classes that are not equally frequent, nor equally hard."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(CLASSES, size=n, p=np.arange(1, CLASSES + 1) / 36).astype(np.int64)
    logits = rng.normal(0, 1, (n, CLASSES))
    logits[np.arange(n), labels] += 0.8 + 0.2 * labels
    return softmax(2.0 * logits, axis=1), labels


@pytest.mark.parametrize("method", METHODS)
def test_scores_are_those_of_the_definition(method: SetMethod):
    probabilities, _ = answers(40, 0)
    draws = np.random.default_rng(1).random(40)
    scores = class_scores(probabilities, method, draws)
    for row, u, found in zip(probabilities, draws, scores, strict=True):
        for index, own in enumerate(row):
            above = row[row > own]
            expected = 1 - own if method == "lac" else above.sum() + u * own
            if method == "raps":
                expected += PENALTY * max(0, len(above) + 1 - FREE_RANKS)
            assert found[index] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("n", "alpha", "rank"), [(9, 0.1, 9), (8, 0.1, None), (19, 0.05, 19), (99, 0.1, 90), (500, 0.1, 451)]
)
def test_the_quantile_counts_the_next_item_in(n: int, alpha: float, rank: int | None):
    scores = np.random.default_rng(n).permutation(np.arange(1.0, n + 1))
    assert quantile(scores, alpha) == (rank or np.inf)


@pytest.mark.parametrize("by_class", [False, True])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("n", [50, 500])
def test_coverage_over_resplits_is_the_promise(n: int, method: SetMethod, by_class: bool):
    """Mean coverage within three standard errors of 1 - alpha or, where ranks are whole, of what (n+1)(1-a) gives."""
    alpha, unseen = 0.1, 1500
    rng = np.random.default_rng([n, METHODS.index(method), by_class])
    covered = np.empty(RESPLITS)
    for number in range(RESPLITS):
        probabilities, labels = answers(n + unseen, seed=1000 * n + number)
        scores = class_scores(probabilities, method, rng.random(n + unseen))
        quantiles = fit_quantiles(scores[:n], labels[:n], alpha, by_class=by_class)
        sets = prediction_sets(scores[n:], quantiles)
        covered[number] = sets[np.arange(unseen), labels[n:]].mean()
    error = covered.std(ddof=1) / np.sqrt(RESPLITS)
    # With k = ceil((n + 1)(1 - alpha)) the expected coverage is k / (n + 1), up to 1 / (n + 1) above the promise; by
    # class it is that of each class's own count, and 1 where a class has too few items.
    assert covered.mean() > 1 - alpha - 3 * error
    if not by_class:
        assert covered.mean() < np.ceil((n + 1) * (1 - alpha)) / (n + 1) + 3 * error


def test_each_class_is_covered_by_quantiles_of_its_own():
    """A common quantile misses the hard classes more often; their own hold the promise for each."""
    alpha, n, rates = 0.1, 4000, {}
    for by_class in (False, True):
        covered = np.zeros((20, CLASSES))
        for number in range(20):
            probabilities, labels = answers(2 * n, seed=number)
            scores = class_scores(probabilities, "lac", np.zeros(2 * n))
            quantiles = fit_quantiles(scores[:n], labels[:n], alpha, by_class=by_class)
            hits = prediction_sets(scores[n:], quantiles)[np.arange(n), labels[n:]]
            covered[number] = [hits[labels[n:] == index].mean() for index in range(CLASSES)]
        rates[by_class] = covered.mean(axis=0)
    assert rates[False].min() < 0.85
    assert (np.abs(rates[True] - 0.9) < 0.015).all()


def test_too_few_items_put_every_class_into_the_set():
    probabilities, labels = answers(30, 3)
    scores = class_scores(probabilities, "aps", np.full(30, 0.5))
    quantiles = fit_quantiles(scores, labels, 0.02, by_class=False)
    assert np.isinf(quantiles).all()
    assert prediction_sets(scores, quantiles).all()


def test_smaller_sets_where_the_model_knows_more():
    probabilities, labels = answers(3000, 4)
    scores = class_scores(probabilities, "aps", np.random.default_rng(5).random(3000))
    sizes = prediction_sets(scores, fit_quantiles(scores, labels, 0.1, by_class=False)).sum(axis=1)
    sure = probabilities.max(axis=1) > 0.9
    assert sizes[sure].mean() < 0.7 * sizes[~sure].mean()


def test_groups_of_one_item_have_the_plain_quantile():
    rng = np.random.default_rng(0)
    for n in (8, 9, 50, 99):
        scores = rng.random(n)
        for alpha in (0.05, 0.1, 0.5):
            assert quantile(scores, alpha, rng.permutation(n)) == quantile(scores, alpha)


@pytest.mark.parametrize("groups", [10, 30])
def test_coverage_of_an_item_of_a_new_group_is_the_promise(groups: int):
    """Counting items, it falls below the promise; counting groups, it does not."""
    rng = np.random.default_rng(groups)
    held: dict[bool, list[float]] = {False: [], True: []}
    for _ in range(1500):
        sizes = rng.integers(1, 30, groups)
        owner = np.repeat(np.arange(groups), sizes)
        scores = rng.normal(size=groups)[owner] + 0.3 * rng.normal(size=len(owner))
        fresh = rng.normal() + 0.3 * rng.normal(size=50)
        for by_group in held:
            held[by_group].append(float((fresh <= quantile(scores, 0.1, owner if by_group else None)).mean()))
    error = np.std(held[True]) / np.sqrt(1500)
    assert np.mean(held[True]) > 0.9 - 2 * error
    assert np.mean(held[False]) < np.mean(held[True])


def test_too_few_groups_promise_nothing():
    owner = np.arange(80) // 10
    assert quantile(np.random.default_rng(0).random(80), 0.1, owner) == np.inf
    assert units_needed(0.1) == 9
    assert quantile(np.arange(9.0), 0.1) == 8.0


def test_coverage_does_not_depend_on_the_order_of_labels():
    """Halves dealt out with a random start: 41 + 1 items promise 38 / 42, whichever class comes first."""
    n, alpha, draws = 82, 0.1, 3000
    found = []
    for first in (0, 1):
        rng = np.random.default_rng(5)
        covered = 0.0
        for draw in range(draws):
            hard = rng.random(n) < 0.5
            scores = rng.normal(2.0 * hard, 1.0)
            labels = (hard if first == 0 else ~hard).astype(np.int64)
            half = assign_folds(labels, 2, draw) == 1
            bound = quantile(scores[half], alpha)
            covered += (norm.cdf(bound) + norm.cdf(bound - 2)) / 2
        found.append(covered / draws)
    expected = np.ceil(42 * 0.9) / 42
    assert found == pytest.approx([expected, expected], abs=0.004)


def test_quantiles_are_those_of_mapie_and_torchcp():
    """On the same probabilities: MAPIE 1.6.0 (`SplitConformalClassifier`, lac), TorchCP 1.2.1 (`LAC`, plain `APS`)."""
    item, column = np.arange(40)[:, None], np.arange(4)[None]
    logits = 2 * np.sin(1.7 * item + 2.3 * column * column) + 1.5 * (column == (item * 7) % 4)
    probabilities = softmax(logits, axis=1)
    labels = ((np.arange(40) * 7) % 4 + (np.arange(40) % 9 == 0)) % 4
    lac, aps = (class_scores(probabilities, method, np.ones(40)) for method in ("lac", "aps"))
    for alpha, of_lac, size, of_aps in ORACLES:
        quantiles = fit_quantiles(lac, labels, alpha, by_class=False)
        assert quantiles[0] == pytest.approx(of_lac, abs=1e-8)
        assert prediction_sets(lac, quantiles).sum() == size
        assert fit_quantiles(aps, labels, alpha, by_class=False)[0] == pytest.approx(of_aps, abs=1e-8)
