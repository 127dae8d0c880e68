"""One item never decides; limits and verdict agree; what is claimed is what the seeds and units can show."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import chi2

from sightline.metrics.catalogue import measured_of
from sightline.metrics.classification.binned import BinnedPredictions
from sightline.metrics.classification.scoring import Scored
from sightline.metrics.comparison.compare import compare
from sightline.metrics.comparison.pairs import agreed
from sightline.metrics.comparison.systems import System
from sightline.metrics.intervals.resampling import Resampling
from sightline.metrics.predictions import Predictions
from tests.unit.metrics.comparison.conftest import one_pair

RESAMPLING = Resampling(level=0.95, resamples=200, seed=0)


def answers(labels: NDArray[np.int64], predicted: NDArray[np.int64], classes: int) -> Predictions:
    """As if each answer were fairly sure."""
    logits = 2 * np.eye(classes, dtype=np.float32)[predicted]
    return Predictions(np.arange(len(labels)).astype(str), logits, labels.astype(np.int64))


def one_mistake_apart(labels: NDArray[np.int64], classes: int, item: int, seeds: int = 1) -> list[System]:
    """Two systems, of which the second answers one item wrongly."""
    other = labels.copy()
    other[item] = (labels[item] + 1) % classes
    good, bad = answers(labels, labels, classes), answers(labels, other, classes)
    return [System("good", (good,) * seeds), System("bad", (bad,) * seeds)]


@pytest.mark.parametrize(
    ("classes", "labels", "item", "seeds", "metric"),
    [
        (50, np.arange(50), 7, 1, "balanced_accuracy"),
        (50, np.arange(50), 7, 1, "f1_macro"),
        (2, np.r_[np.zeros(299), 1].astype(int), 299, 1, "balanced_accuracy"),
        (2, np.r_[np.zeros(299), 1].astype(int), 299, 3, "accuracy"),
        (2, np.r_[np.zeros(299), 1].astype(int), 299, 3, "recall_macro"),
        (2, np.r_[np.zeros(297), 1, 1, 1].astype(int), 299, 1, "precision_macro"),
    ],
)
def test_one_item_never_decides(classes: int, labels: NDArray[np.int64], item: int, seeds: int, metric: str):
    found = compare(one_mistake_apart(labels, classes, item, seeds), metric=metric, resampling=RESAMPLING)
    (pair,) = found["pairs"]
    assert pair["difference"] > 0
    assert pair["p_value"] is not None
    assert pair["p_value"] >= 0.05
    assert pair["low"] is not None
    assert pair["high"] is not None
    assert pair["low"] <= 0 < pair["high"]
    assert {entry["rank"] for entry in found["ranking"]} == {1}


def test_three_seeds_without_a_mistake_are_not_certain():
    """The rule of three says that 30 items without a mistake leave room for a tenth of mistakes."""
    labels = np.arange(30) % 3
    (own,) = compare([System("a", (answers(labels, labels, 3),) * 3)], metric="accuracy", resampling=RESAMPLING)[
        "systems"
    ]
    assert own["value"] == 1
    assert own["low"] is not None
    assert own["low"] < 0.9
    assert (own["training_sd"], own["training_sd_low"]) == (0, 0)
    assert own["training_sd_high"] is not None
    assert own["training_sd_high"] > 0.05


def test_one_mistake_of_one_seed_does_not_make_three_seeds_sure():
    """It seems to vary by item and not with all members; on 30 items that means nothing."""
    labels = np.zeros(30, dtype=np.int64)
    wrong = labels.copy()
    wrong[3] = 1
    members = tuple(answers(labels, one, 2) for one in (labels, labels, wrong))
    (own,) = compare([System("a", members)], metric="accuracy", resampling=RESAMPLING)["systems"]
    assert own["value"] == pytest.approx(1 - 1 / 90)
    assert own["low"] is not None
    assert own["low"] < 0.9


@pytest.mark.parametrize("metric", ["accuracy", "f1_macro", "log_loss"])
def test_one_group_says_nothing(metric: str):
    labels = np.arange(40) % 2
    resampling = Resampling(0.95, 200, 0, np.zeros(40, dtype=np.int64))
    found = compare(one_mistake_apart(labels, 2, 3), metric=metric, resampling=resampling)
    (pair,) = found["pairs"]
    assert (pair["low"], pair["high"], pair["p_value"], pair["p_adjusted"]) == (None, None, None, None)
    assert pair["reason"] == "there is one group: nothing varies"
    assert "No difference is judged: there is one group: nothing varies." in found["notes"]
    assert {entry["rank"] for entry in found["ranking"]} == {1}


@pytest.mark.parametrize(("metric", "seeds"), [("accuracy", 1), ("accuracy", 2), ("log_loss", 1), ("f1_macro", 1)])
def test_no_p_value_is_zero(metric: str, seeds: int):
    labels = np.arange(3000) % 2
    systems = [
        System("a", (answers(labels, labels, 2),) * seeds),
        System("b", (answers(labels, 1 - labels, 2),) * seeds),
    ]
    assert 0 < one_pair(systems, metric)["p_value"] < 1e-9


def random_systems(rng: np.random.Generator, n: int, skills: tuple[float, ...], seeds: int) -> list[System]:
    labels = rng.choice(3, n, p=[0.8, 0.15, 0.05])
    shared = rng.normal(size=(n, 3))
    members = [
        [
            Predictions(
                np.arange(n).astype(str),
                (shared + rng.normal(size=(n, 3)) + skill * np.eye(3)[labels]).astype(np.float32),
                labels,
            )
            for _ in range(seeds)
        ]
        for skill in skills
    ]
    return [System(f"s{place}", tuple(own)) for place, own in enumerate(members)]


@pytest.mark.parametrize("metric", measured_of("classification"))
@pytest.mark.parametrize("grouped", [False, True])
def test_the_interval_of_a_single_run_is_that_of_evaluate(metric: str, grouped: bool):
    if metric == "top5_accuracy":
        pytest.skip("three classes")
    (system,) = random_systems(np.random.default_rng(0), 120, (1.0,), 1)
    (member,) = system.members
    groups = np.arange(120) // 6 if grouped else None
    resampling = Resampling(0.95, 200, 3, groups)
    (own,) = compare([system], metric=metric, resampling=resampling)["systems"]
    binned = BinnedPredictions.of(member.probabilities(), 15, member.logits.argmax(axis=1))
    expected = Scored(binned, member.labels).intervals(resampling, only=[metric])[metric].to_json()
    assert {key: own[key] for key in expected} == dict(expected)  # type: ignore[literal-required]


@pytest.mark.parametrize("metric", ["accuracy", "balanced_accuracy", "f1_macro", "log_loss", "ece"])
@pytest.mark.parametrize("seeds", [1, 3])
def test_limits_and_verdict_agree(metric: str, seeds: int):
    """Skills from equal to far apart, so that all verdicts occur, those near the border too."""
    rng, verdicts = np.random.default_rng(1), set()
    for gap in np.linspace(0.0, 1.5, 12):
        systems = random_systems(rng, 200, (1.0, 1.0 + gap, 1.0 + gap / 2), seeds)
        for pair in compare(systems, metric=metric, resampling=RESAMPLING)["pairs"]:
            assert pair["p_value"] is not None
            assert pair["p_adjusted"] is not None
            assert 0 < pair["p_value"] <= pair["p_adjusted"]
            assert _holds_zero(pair["low"], pair["high"]) == (pair["p_value"] >= 0.05)
            if pair["p_adjusted"] >= 0.05:
                assert _holds_zero(pair["low_adjusted"], pair["high_adjusted"])
            else:
                assert pair["low_adjusted"] >= 0 or pair["high_adjusted"] <= 0
            assert pair["low_adjusted"] <= pair["difference"] <= pair["high_adjusted"]
            verdicts.add(pair["p_adjusted"] < 0.05)
    assert verdicts == ({True, False} if metric != "ece" else verdicts)


def _holds_zero(low: float | None, high: float | None) -> bool:
    assert low is not None
    assert high is not None
    return low <= 0 <= high


def test_adjusted_limits_are_those_of_bonferroni():
    systems = random_systems(np.random.default_rng(2), 300, (1.0, 1.2, 1.5), 1)
    found = compare(systems, metric="log_loss", resampling=RESAMPLING)["pairs"][0]
    alone = compare(systems[:2], metric="log_loss", resampling=Resampling(1 - 0.05 / 3, 200, 0))["pairs"][0]
    assert (found["low_adjusted"], found["high_adjusted"]) == (alone["low"], alone["high"])


def test_adjusted_limits_end_at_zero_where_only_holm_tells_two_apart():
    pair = {"difference": 0.2, "low_adjusted": -0.01, "high_adjusted": 0.4, "p_adjusted": 0.04}
    assert agreed(pair, 0.95)["low_adjusted"] == 0  # type: ignore[arg-type]
    assert agreed({**pair, "p_adjusted": 0.06}, 0.95)["low_adjusted"] == -0.01  # type: ignore[arg-type]
    turned = {"difference": -0.2, "low_adjusted": -0.4, "high_adjusted": 0.01, "p_adjusted": 0.04}
    assert agreed(turned, 0.95)["high_adjusted"] == 0  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("seeds", "about", "says"),
    [
        ((1, 1), "trained models", "about these trained models"),
        ((3, 3), "ways of training", "the interval is about the way of training"),
        ((1, 5), "trained models", "Seeds are unequal (1 and 5): this ranks trained models"),
        ((2, 3), "trained models", "Seeds are unequal (2 and 3)"),
    ],
)
def test_what_is_ranked_is_said(seeds: tuple[int, int], about: str, says: str):
    rng = np.random.default_rng(3)
    one, other = random_systems(rng, 60, (1.0, 1.0), 5)
    systems = [
        System(name, system.members[:count]) for name, system, count in zip("ab", (one, other), seeds, strict=True)
    ]
    found = compare(systems, metric="accuracy", resampling=RESAMPLING)
    assert found["about"] == about
    assert any(says in note for note in found["notes"]), found["notes"]


def test_the_limits_of_the_seeds_spread_are_those_of_chi_square():
    """With many items nothing but the seeds varies, and the limits are those of a normal sample's deviation."""
    rng, n = np.random.default_rng(4), 20_000
    labels = np.zeros(n, dtype=np.int64)
    shares = [0.5, 0.6, 0.55, 0.7]
    members = tuple(answers(labels, (rng.random(n) > share).astype(np.int64), 2) for share in shares)
    (own,) = compare([System("a", members)], metric="accuracy", resampling=RESAMPLING)["systems"]
    spread = np.std(own["values"], ddof=1)
    ends = [math.sqrt(3 * spread**2 / chi2.ppf(end, 3)) for end in (0.975, 0.025)]
    assert [own["training_sd_low"], own["training_sd_high"]] == pytest.approx(ends, rel=0.02)


def test_the_spread_of_two_equal_seeds_stays_within_the_range_of_the_metric():
    labels = np.arange(8) % 2
    same = answers(labels, np.array([0, 1, 1, 1, 0, 1, 0, 0]), 2)
    (own,) = compare([System("a", (same, same))], metric="accuracy", resampling=RESAMPLING)["systems"]
    assert (own["training_sd"], own["training_sd_low"], own["training_sd_high"]) == (0, 0, 0.5)


def test_one_seed_beside_five_is_not_told_apart_for_its_own_luck():
    """Trainings whose accuracy varies by 3 points: a single one lies far off the mean of its way."""
    rng, apart, draws = np.random.default_rng(5), 0, 150
    labels = np.zeros(1000, dtype=np.int64)
    for _ in range(draws):
        shares = 0.8 + 0.03 * rng.normal(size=6)
        members = [answers(labels, (rng.random(1000) > share).astype(np.int64), 2) for share in shares]
        systems = [System("one", tuple(members[:1])), System("five", tuple(members[1:]))]
        apart += one_pair(systems)["p_value"] < 0.05
    assert apart / draws < 0.05 + 3 * math.sqrt(0.05 * 0.95 / draws)
