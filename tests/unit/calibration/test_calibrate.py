"""The content of `calibration.json`: fitted on one half or the other, measured on what fitted nothing."""

import json

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import softmax

from sightline.calibration.calibrate import calibrate
from sightline.calibration.conformal import METHODS
from sightline.calibration.judge import judge, judge_fitted
from sightline.calibration.promises import HeldOut, Promises
from sightline.calibration.temperature import assign_folds, fit_temperature
from sightline.errors import UsageError
from sightline.metrics.classification.binned import BinnedPredictions
from sightline.metrics.classification.scoring import Scored
from sightline.metrics.intervals.resampling import Resampling
from sightline.metrics.predictions import Predictions

PROMISES = Promises(alphas=(0.1, 0.2), target_risks=(0.2, 0.001), risk_error=0.05)
RESAMPLING = Resampling(level=0.95, resamples=100, seed=0)


def predictions(n: int, classes: int = 5, temperature: float = 2.0, seed: int = 0) -> Predictions:
    """Logits that are calibrated once divided by `temperature`, and labels drawn from them."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(n, classes)) * 2
    labels = (softmax(logits, axis=1).cumsum(axis=1) < rng.random((n, 1))).sum(axis=1)
    ids = np.arange(n).astype(np.str_)
    return Predictions(ids, (logits * temperature).astype(np.float32), np.minimum(labels, classes - 1))


def test_an_overconfident_model_is_mended():
    given = predictions(3000, temperature=3.0)
    content = calibrate(given, promises=PROMISES, bins=15, resampling=Resampling(0.95, 200, 0))
    assert json.loads(json.dumps(content, allow_nan=False)) == content
    assert content["temperature"] == pytest.approx(3.0, rel=0.1)
    before, after, null = content["before"], content["after"], content["null"]
    assert list(before) == list(after)
    assert set(null["before"]) == set(null["after"]) == set(before)
    for name in ("ece", "ece_adaptive", "ece_classwise", "log_loss", "brier"):
        assert after[name]["value"] < before[name]["value"]
    assert before["ece"]["low"] > 0.1
    assert after["ece_debiased"]["low"] < 0.01
    assert after["ece"]["value"] == pytest.approx(null["after"]["ece"], abs=0.015)
    right = (given.logits.argmax(axis=1) == given.labels).sum()
    for when in ("before", "after"):
        rows = content["reliability"][when]
        assert sum(row["count"] for row in rows) == 3000
        assert sum(row["count"] * row["accuracy"] for row in rows) == pytest.approx(right)


def test_temperature_and_sets_come_from_halves_that_share_no_item():
    given = predictions(1000)
    content = calibrate(given, promises=PROMISES, bins=15, resampling=RESAMPLING)
    half = assign_folds(given.labels, 2, RESAMPLING.seed)
    assert content["temperature"] == fit_temperature(given.logits[half == 0], given.labels[half == 0])
    assert (content["n"], content["n_temperature"] + content["n_promises"]) == (1000, 1000)

    second = np.flatnonzero(half == 1)
    logits = given.logits.copy()
    logits[second] = -logits[second]  # labels, and with them the halves, stay
    turned = calibrate(Predictions(given.ids, logits, given.labels), promises=PROMISES, bins=15, resampling=RESAMPLING)
    assert turned["temperature"] == content["temperature"]
    assert all(a["quantile"] != b["quantile"] for a, b in zip(turned["conformal"], content["conformal"], strict=True))


def test_sets_are_listed_and_measured_on_items_that_fitted_nothing():
    given, held_out = predictions(4000), predictions(5000, seed=1)
    content = calibrate(given, promises=PROMISES, bins=15, resampling=RESAMPLING, held_out=HeldOut(held_out))
    entries = content["conformal"]
    assert {(e["method"], e["alpha"], e["conditional"]) for e in entries} == {
        (method, alpha, conditional)
        for method in METHODS
        for alpha in (0.1, 0.2)
        for conditional in ("marginal", "class")
    }
    assert content["judged_on"] == 5000
    for entry in entries:
        assert isinstance(entry["quantile"], list) == (entry["conditional"] == "class")
        assert entry["coverage"]["value"] == pytest.approx(1 - entry["alpha"], abs=0.03)
        assert entry["coverage"]["low"] < entry["coverage"]["value"] < entry["coverage"]["high"]
        assert 0.5 < entry["mean_size"] < 5
    assert all(
        "coverage" not in e for e in calibrate(given, promises=PROMISES, bins=15, resampling=RESAMPLING)["conformal"]
    )


def test_a_threshold_is_given_where_its_risk_can_be_vouched_for():
    content = calibrate(predictions(4000), promises=PROMISES, bins=15, resampling=RESAMPLING)
    within, beyond = content["selective"]
    assert within["risk"] < within["risk_bound"] <= within["target_risk"] == 0.2
    assert 0 < within["coverage"] < 1
    assert 0.5 < within["threshold"] < 1
    assert (beyond["threshold"], beyond["risk"], beyond["risk_bound"], beyond["coverage"]) == (None, None, None, 0.0)


def test_few_items_put_every_class_into_every_set():
    content = calibrate(
        predictions(6), promises=PROMISES, bins=15, resampling=RESAMPLING, held_out=HeldOut(predictions(50, seed=2))
    )
    assert all(entry["quantile"] in (None, [None] * 5) or entry["alpha"] == 0.2 for entry in content["conformal"])
    assert all(entry["mean_size"] == 5 for entry in content["conformal"] if entry["alpha"] == 0.1)


@pytest.mark.parametrize("groups", [None, np.array([0])])
def test_one_item_has_no_halves(groups: NDArray[np.int64] | None):
    with pytest.raises(UsageError, match="it takes two at least"):
        calibrate(predictions(1), promises=PROMISES, bins=15, resampling=Resampling(0.95, 100, 0, groups))


def test_what_was_fitted_is_judged_on_other_items():
    given, unseen = predictions(4000, temperature=3.0), predictions(6000, temperature=3.0, seed=5)
    content = calibrate(given, promises=PROMISES, bins=15, resampling=RESAMPLING)
    found = judge(content, unseen, RESAMPLING, bins=15)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["temperature"] == content["temperature"]
    plain = Scored(BinnedPredictions.of(unseen.probabilities(), 15), unseen.labels).values()
    assert found["metrics"]["ece"]["value"] < plain["ece"] / 3
    for before, entry in zip(content["conformal"], found["conformal"], strict=True):
        assert entry["quantile"] == before["quantile"]
        assert entry["coverage"]["value"] == pytest.approx(1 - entry["alpha"], abs=0.03)
    within, beyond = found["selective"]
    confidence, predicted = unseen.probabilities(found["temperature"]).max(axis=1), unseen.logits.argmax(axis=1)
    answered = confidence >= within["threshold"]
    assert within["coverage"] == pytest.approx(answered.mean())
    assert within["risk"]["value"] == pytest.approx((predicted != unseen.labels)[answered].mean())
    assert (beyond["coverage"], beyond["risk"]) == (0.0, None)


def test_few_images_keep_the_temperature_and_are_told():
    content = calibrate(predictions(24, 3, 1.0), promises=PROMISES, bins=15, resampling=RESAMPLING)
    fit = content["temperature_fit"]
    assert (content["temperature"], fit["value"], fit["n"], fit["few"]) == (1.0, 1.0, 12, True)
    assert fit["low"] < 1 < fit["high"]
    assert "It stays at 1: 12 images do not show" in fit["note"]
    assert json.loads(json.dumps(content, allow_nan=False)) == content


@pytest.mark.parametrize(
    ("logits", "said"),
    [
        (np.tile([1.0, 1.0, 1.0], (30, 1)), "do not tell one temperature from another"),
        (3.0 * np.eye(3)[np.arange(30) % 3], "a bound of the search, 0.001"),
        (-3.0 * np.eye(3)[np.arange(30) % 3], "a bound of the search, 1000"),
    ],
    ids=["constant", "separable", "always wrong"],
)
def test_a_search_that_ends_at_its_bound_is_told(logits: NDArray[np.float64], said: str):
    given = Predictions(np.arange(30).astype(np.str_), logits.astype(np.float32), np.arange(30) % 3)
    fit = calibrate(given, promises=PROMISES, bins=15, resampling=RESAMPLING)["temperature_fit"]
    assert said in fit["note"]
    assert fit["at_bound"] == ("bound" in said)
    assert fit["low"] <= fit["value"] <= fit["high"]


def test_before_stands_beside_after_on_other_items():
    given, unseen = predictions(2000, temperature=3.0), predictions(2000, temperature=3.0, seed=5)
    found = judge(calibrate(given, promises=PROMISES, bins=15, resampling=RESAMPLING), unseen, RESAMPLING, bins=15)
    plain = Scored(BinnedPredictions.of(unseen.probabilities(), 15), unseen.labels).values()
    assert found["before"]["log_loss"]["value"] == pytest.approx(plain["log_loss"])
    assert found["before"]["log_loss"]["low"] > found["metrics"]["log_loss"]["high"]
    assert set(found["null_before"]) == set(found["null"])


def test_items_that_fitted_it_are_judged_crosswise():
    """Overconfident logits of noise: on the very items that fitted it the temperature looks far better than it is."""
    given = predictions(60, temperature=3.0)
    content = calibrate(given, promises=PROMISES, bins=15, resampling=RESAMPLING)
    found = judge_fitted(content, given, RESAMPLING, bins=15)
    assert found["cross_fitted"]
    assert found["metrics"]["log_loss"] == content["after"]["log_loss"]
    assert found["before"]["log_loss"] == content["before"]["log_loss"]
    assert (found["conformal"], found["selective"]) == ([], [])


def test_groups_vouch_for_less_than_their_items():
    """Coverage, shares and thresholds count groups, and what these cannot promise is null with a reason."""
    given, held_out = predictions(800), predictions(800, seed=1)
    groups = np.arange(800) // 20
    resampling = Resampling(0.95, 100, 0, groups)
    promises = Promises(alphas=(0.1, 0.02), target_risks=(0.05,), risk_error=0.05)
    content = calibrate(given, promises=promises, bins=15, resampling=resampling, held_out=HeldOut(held_out, groups))
    assert content["n_groups"] == content["temperature_fit"]["n_groups"] == 20
    (rule,) = content["selective"]
    assert (rule["threshold"], rule["reason"][:9]) == (None, "20 groups")
    for entry in content["conformal"]:
        if entry["alpha"] == 0.02:
            assert entry["empty_promise"].endswith("every set holds every class")
            assert entry["mean_size"] == 5
        assert entry["coverage"]["method"].endswith("groups")
        assert entry["size"]["low"] <= entry["mean_size"] <= entry["size"]["high"]


def test_classes_with_too_few_images_are_named_as_empty_promises():
    given = predictions(60, classes=5)
    entries = calibrate(given, promises=PROMISES, bins=15, resampling=RESAMPLING)["conformal"]
    by_class = [entry for entry in entries if entry["conditional"] == "class" and entry["alpha"] == 0.1]
    for entry in by_class:
        infinite = sum(value is None for value in entry["quantile"])
        assert infinite > 0
        assert entry["empty_promise"].split()[0] in {str(infinite), "no"}
    assert all(entry["empty_promise"] == "" for entry in entries if entry["conditional"] == "marginal")
