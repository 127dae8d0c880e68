"""A stronger corruption that is answered better is named, chance is not."""

import numpy as np

from sightline.metrics.robustness.severities import inversions

RNG = np.random.default_rng(0)


def answers(*shares: float, n: int = 300) -> np.ndarray:
    return (RNG.random((n, len(shares))) < shares).astype(float)


def test_the_pair_that_turns_about_is_named():
    scores = {"fog": answers(0.9, 0.4, 0.8), "snow": answers(0.9, 0.8, 0.3)}
    scores["fog"][0] = np.nan
    ((name, milder, stronger, difference),) = inversions(scores, [1, 3, 5], 0.95)
    assert (name, milder, stronger) == ("fog", 3, 5)
    assert 0.3 < difference < 0.5


def test_chance_is_hardly_ever_named():
    alarms = sum(
        bool(list(inversions({f"{k}": answers(*[0.7] * 5, n=150) for k in range(5)}, range(1, 6), 0.95)))
        for _ in range(60)
    )
    assert alarms <= 7, "5 % of 60, and what chance adds to it in one of a hundred"


def test_one_severity_or_no_image_has_no_pair():
    assert not list(inversions({"fog": answers(0.5)}, [3], 0.95))
    assert not list(inversions({"fog": np.full((4, 2), np.nan)}, [1, 2], 0.95))
