"""The test of all statistics together: as many false alarms as its level says, ties or not, and an oracle."""

import numpy as np
import pytest
from scipy.stats import binom, ks_2samp, mannwhitneyu

from sightline.metrics.drift.effects import effect
from sightline.metrics.drift.permutation import Way, cut_columns, permutation_test


def ways(values: np.ndarray) -> dict[str, Way]:
    """A smooth statistic, its near double, one that is 0 for most, and one of three classes."""
    classes = (values[:, 2, None].astype(int) % 3 == np.arange(3)).astype(np.float32)
    return {
        "smooth": Way(cut_columns(values[:, 0]), "distance"),
        "double": Way(cut_columns(values[:, 0] + 0.1 * values[:, 1]), "distance"),
        "mostly zero": Way(cut_columns(np.maximum(0, values[:, 1] - 1)), "distance"),
        "classes": Way(classes, "shares"),
        "kernel": Way(values[:, :2].astype(np.float32), "kernel"),
    }


def alarms(simulations: int, permutations: int, n: int, m: int) -> int:
    """In how many simulations without a difference one is found at 5 %."""
    found = 0
    for number in range(simulations):
        values = np.random.default_rng(number).normal(size=(m + n, 3)) * [1, 1, 5]
        found += permutation_test(ways(values), n, permutations, seed=number).p <= 0.05
    return found


@pytest.mark.parametrize(("simulations", "permutations"), [(300, 199), pytest.param(1000, 999, marks=pytest.mark.slow)])
def test_alarms_without_a_difference_are_as_many_as_the_level_says(simulations: int, permutations: int):
    low, high = (binom.ppf(q, simulations, 0.05) for q in (0.005, 0.995))
    assert low <= alarms(simulations, permutations, n=25, m=80) <= high


def test_a_difference_in_one_way_is_told_from_the_others():
    values = np.random.default_rng(0).normal(size=(400, 3)) * [1, 1, 5]
    values[300:, 1] += 3
    found = permutation_test(ways(values), 100, 499, seed=0)
    assert found.p == found.corrected["mostly zero"] == 1 / 500
    assert found.corrected["classes"] > 0.05
    assert all(
        found.p <= found.raw[name] <= found.corrected[name] or found.p == found.corrected[name] for name in found.raw
    )


def test_a_large_difference_in_a_large_family_is_as_certain_as_one_in_a_small_family():
    values = np.random.default_rng(0).normal(size=(300, 12))
    values[200:, 3] += 3
    many = {f"{k}": Way(cut_columns(values[:, k]), "distance", "many") for k in range(10)}
    found = permutation_test({**many, "alone": Way(cut_columns(values[:, 11]), "distance", "one")}, 100, 999, seed=0)
    assert found.p == found.corrected["3"] == 1 / 1000
    assert found.corrected["alone"] > 0.05


def test_more_new_images_than_old_ones_are_exchanged_the_same_way():
    values = np.random.default_rng(0).normal(size=(120, 3)) * [1, 1, 5]
    turned = np.concatenate([values[90:], values[:90]])
    few, many = (permutation_test(ways(each), n, 999, seed=0) for each, n in ((values, 30), (turned, 90)))
    assert few.raw == pytest.approx(many.raw, abs=0.06)


def test_effects_are_those_of_scipy():
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 9, 70) / 2.0, rng.integers(2, 12, 50) / 2.0
    size = effect(first, second, level=0.95)
    assert size.distance == pytest.approx(ks_2samp(first, second).statistic)
    assert size.delta[0] == pytest.approx(2 * mannwhitneyu(second, first).statistic / (70 * 50) - 1)
    for value, low, high in (size.difference, size.delta):
        assert low < value < high


def test_intervals_of_effects_hold_what_they_claim():
    hits = np.zeros(2)
    for number in range(300):
        rng = np.random.default_rng(number)
        size = effect(rng.normal(size=80), rng.normal(1.0, size=60), level=0.9)
        truth = (1.0, 2 * 0.7602499 - 1)
        hits += [low <= true <= high for true, (_, low, high) in zip(truth, (size.difference, size.delta), strict=True)]
    assert (binom.ppf(0.001, 300, 0.9) <= hits).all()
    assert (hits <= binom.ppf(0.999, 300, 0.9)).all()
