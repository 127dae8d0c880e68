import numpy as np
import pytest

from sightline.metrics.classification.slices import BLANK, MOST, measure_slices
from sightline.metrics.intervals.resampling import Resampling

RESAMPLING = Resampling(level=0.95, resamples=100, seed=0)


def test_each_value_beside_the_others():
    sites = np.array(["a"] * 60 + ["b"] * 30 + [""] * 10)
    right = np.arange(100) % 4 > 0
    found = {entry["value"]: entry for entry in measure_slices({"site": sites.tolist()}, right, RESAMPLING)}
    assert list(found) == ["a", "b", BLANK]
    assert [found[name]["n"] for name in found] == [60, 30, 10]
    for name, entry in found.items():
        mask = sites == (name if name != BLANK else "")
        assert entry["accuracy"]["value"] == pytest.approx(right[mask].mean())
        assert entry["difference"]["value"] == pytest.approx(right[mask].mean() - right[~mask].mean())


def test_limits_are_newcombes_at_a_shared_level():
    """His example (1998, table II, a): 56 of 70 against 48 of 80 at 95 %, which two slices share at 90 %."""
    right = np.array([True] * 56 + [False] * 14 + [True] * 48 + [False] * 32)
    found = {
        entry["value"]: entry
        for entry in measure_slices({"x": ["a"] * 70 + ["b"] * 80}, right, Resampling(0.90, 100, 0))
    }
    low, high = found["a"]["difference"]["low"], found["a"]["difference"]["high"]
    assert (low, high) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert found["a"]["difference"]["level"] == 0.90


def test_equal_slices_are_rarely_told_apart():
    """20 slices of 50 items that are all alike: at most 5 % of the samples may show any of them as different."""
    rng, false = np.random.default_rng(0), 0
    names = [str(number % 20) for number in range(1000)]
    for _ in range(200):
        found = measure_slices({"x": [f"s{name}" for name in names]}, rng.random(1000) < 0.85, RESAMPLING)
        false += any(entry["difference"]["low"] > 0 or entry["difference"]["high"] < 0 for entry in found)
    assert false / 200 < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 200)


def test_many_numbers_are_cut_at_their_quartiles():
    ages = [str(0.5 * number) for number in range(100)] + [""] * 4
    found = measure_slices({"age": ages}, np.ones(104, dtype=bool), RESAMPLING)
    assert [entry["n"] for entry in found] == [25, 25, 25, 25, 4]
    assert found[0]["value"] == "0 to 12.375"
    assert found[-1]["value"] == BLANK


def test_of_many_words_the_most_frequent_are_shown():
    words = [f"w{number}" for number in range(50)] * 2 + ["often"] * 5
    found = measure_slices({"word": words}, np.ones(105, dtype=bool), RESAMPLING)
    assert len(found) == MOST
    assert found[0]["value"] == "often"


def test_a_column_of_one_value_has_nothing_to_differ_from():
    (entry,) = measure_slices({"x": ["a"] * 9}, np.ones(9, dtype=bool), RESAMPLING)
    assert "difference" not in entry


def test_groups_make_limits_wider():
    right = np.repeat(np.random.default_rng(0).random(40) < 0.8, 5)
    cells = ["a"] * 100 + ["b"] * 100
    alone, together = (
        measure_slices({"x": cells}, right, Resampling(0.95, 100, 0, groups))[0]["accuracy"]
        for groups in (None, np.repeat(np.arange(40), 5))
    )
    assert together["high"] - together["low"] > 1.5 * (alone["high"] - alone["low"])
