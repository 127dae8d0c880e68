"""Alarms find what was planted, and are false as seldom as is said."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import binomtest

from sightline.explain.summary.alarms import FALSE_ALARMS, LEAST_IMAGES, MARGIN, alarms, median_at_least
from sightline.explain.summary.places import PLACES

Reals = NDArray[np.float64]
EVEN = np.array([1 / 9] * 4 + [7 / 16, 1 / 9])
CLASSES = 10


def drawn_shares(rng: np.random.Generator, labels: NDArray[np.int64], mean: float = 0.12) -> tuple[Reals, Reals]:
    """Shares that scatter about `mean`, and what is expected of them."""
    own = rng.beta(8 * mean, 8 * (1 - mean), size=(len(labels), len(PLACES)))
    return own, np.tile(EVEN, (len(labels), 1))


@pytest.fixture
def labels() -> NDArray[np.int64]:
    return np.arange(250) % CLASSES


@pytest.mark.parametrize("place", range(5))
def test_a_class_that_looks_at_a_place_is_named_with_it(labels: NDArray[np.int64], place: int):
    own, expected = drawn_shares(np.random.default_rng(place), labels)
    own[labels == 3, place] = np.random.default_rng(9).uniform(0.7, 1.0, 25)
    (found,) = alarms(own, expected, labels)
    assert (found.label, found.place, found.images) == (3, PLACES[place], 25)
    assert found.share == pytest.approx(own[labels == 3, place].mean())
    assert MARGIN < found.excess < found.share - found.expected


def test_a_model_that_looks_at_one_corner_whatever_the_class_is_named_once(labels: NDArray[np.int64]):
    own, expected = drawn_shares(np.random.default_rng(0), labels)
    own[:, 1] = np.random.default_rng(1).uniform(0.5, 0.9, 250)
    (found,) = alarms(own, expected, labels)
    assert (found.label, found.place, found.images) == (None, "top right", 250)


def test_what_an_untrained_network_does_as_well_is_no_alarm(labels: NDArray[np.int64]):
    own, _ = drawn_shares(np.random.default_rng(0), labels, mean=0.7)
    assert alarms(own, own + 0.01, labels) == []


def test_looking_at_the_centre_is_no_alarm(labels: NDArray[np.int64]):
    own, expected = drawn_shares(np.random.default_rng(0), labels)
    own[:, PLACES.index("centre")] = 1
    assert alarms(own, expected, labels) == []


def test_few_images_are_no_ground_for_an_alarm():
    few = LEAST_IMAGES - 1
    own, expected = drawn_shares(np.random.default_rng(0), labels := np.repeat([0, 1, 2], [few, 40, 40]))
    own[labels == 0, 0] = 1
    assert alarms(own, expected, labels) == []
    assert alarms(np.ones((few, 6)), np.tile(EVEN, (few, 1)), np.zeros(few, dtype=np.int64)) == []
    assert alarms(np.ones((0, 6)), np.ones((0, 6)), np.zeros(0, dtype=np.int64)) == []


def test_a_single_class_is_judged_as_the_whole():
    labels = np.zeros(40, dtype=np.int64)
    own, expected = drawn_shares(np.random.default_rng(0), labels)
    own[:, 0] = 0.9
    (found,) = alarms(own, expected, labels)
    assert found.label is None


@pytest.mark.parametrize("each", [12, 25])
def test_at_the_very_margin_false_alarms_are_as_seldom_as_said(each: int):
    """Every class exceeds what is expected of it, in one place, by just what is no alarm yet, in half of its images."""
    labels, rng, raised, trials = np.repeat(np.arange(3), each), np.random.default_rng(0), 0, 200
    for _ in range(trials):
        own, expected = drawn_shares(rng, labels)
        expected[:, :5] = 0.4
        for label in range(3):
            own[labels == label, label] = 0.4 + MARGIN + rng.choice([-0.2, 0.3], each)
        raised += bool(alarms(own, expected, labels))
    assert raised / trials <= FALSE_ALARMS


def test_one_odd_image_hides_nothing():
    """Of 17 images that all look into a corner the untrained network happens to look there in one, too."""
    labels = np.repeat([0, 1], [17, 230])
    own, expected = drawn_shares(np.random.default_rng(0), labels)
    own[labels == 0, 1] = np.random.default_rng(1).uniform(0.8, 1.0, 17)
    expected[0, 1] = 0.97
    (found,) = alarms(own, expected, labels)
    assert (found.label, found.place) == (0, "top right")
    assert found.excess > 0.5


@pytest.mark.parametrize("count", [5, 10, 11, 25])
def test_the_limit_of_a_median_is_that_of_the_sign_test(count: int):
    rng, tail = np.random.default_rng(0), 0.01
    for _ in range(200):
        values = rng.normal(0.6, 1, count)
        is_above = binomtest(int((values > 0).sum()), count, alternative="greater").pvalue <= tail
        assert (median_at_least(values, tail) > 0) == is_above


def test_pictures_of_one_group_are_no_more_evidence_than_one_of_them():
    """Twelve of a class look into a corner: of twelve groups an alarm, of two no ground for one."""
    labels = np.repeat([0, 1, 2], [12, 60, 60])
    own, expected = drawn_shares(np.random.default_rng(0), labels)
    own[labels == 0, 0] = np.random.default_rng(1).uniform(0.4, 1.0, 12)
    each = np.arange(len(labels))
    (found,) = alarms(own, expected, labels, each)
    assert found == alarms(own, expected, labels)[0]
    assert alarms(own, expected, labels, np.where(labels == 0, each // 6, each)) == []
