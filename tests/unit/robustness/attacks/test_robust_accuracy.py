"""An item is robust where nothing at all made it wrong, of all items and of the right ones."""

import numpy as np
import pytest

from sightline.metrics.intervals.resampling import Resampling
from sightline.robustness.attacks.attack import Effort
from sightline.robustness.attacks.robust_accuracy import noise_scores, robust_shares, scores, worst

PLAIN = Resampling(0.95, 100, 0)
RIGHT = np.array([True, True, False, True, True])
FOOLED = {"pgd": np.array([True, False, False, False]), "square": np.array([False, False, True, False])}


def test_shares_are_of_all_and_of_the_right_ones():
    found = robust_shares(RIGHT, FOOLED["pgd"], PLAIN)
    assert found["of_all"]["value"] == pytest.approx(3 / 5)
    assert found["of_right"]["value"] == pytest.approx(3 / 4)
    assert found["of_right"]["low"] < 3 / 4 < found["of_right"]["high"]


def test_the_worst_case_is_by_item_and_below_every_attack():
    found = worst(RIGHT, FOOLED, PLAIN)
    assert found["of_all"]["value"] == pytest.approx(2 / 5)
    each = scores(RIGHT, FOOLED, Effort(7, 2, 90), PLAIN)
    assert min(one["robust"]["of_all"]["value"] for one in each) > found["of_all"]["value"]
    assert [one["effort"] for one in each] == [{"steps": 7, "restarts": 2}, {"queries": 90}]


def test_noise_may_also_make_a_wrong_item_right():
    (found,) = noise_scores(RIGHT, {"sign": np.array([True, True, True, False, True])}, PLAIN)
    assert found["label"] == "Random signs"
    assert found["accuracy"]["value"] == pytest.approx(4 / 5)
    assert found["of_right"]["value"] == pytest.approx(3 / 4)


def test_groups_widen_and_nothing_right_is_no_share():
    groups = np.array([0, 0, 1, 1, 2])
    grouped = robust_shares(RIGHT, FOOLED["pgd"], Resampling(0.95, 100, 0, groups))["of_right"]
    plain = robust_shares(RIGHT, FOOLED["pgd"], PLAIN)["of_right"]
    assert grouped["high"] - grouped["low"] > plain["high"] - plain["low"]
    none = robust_shares(np.zeros(5, dtype=bool), np.zeros(0, dtype=bool), PLAIN)
    assert none["of_right"]["value"] is None
    assert none["of_all"]["value"] == 0
