"""Comparisons hold their level, find what is there, and refuse what cannot be compared."""

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from sightline.errors import UsageError
from sightline.metrics.catalogue import METRICS, measured_of
from sightline.metrics.comparison.compare import compare
from sightline.metrics.comparison.systems import System, shared_groups
from sightline.metrics.intervals.resampling import Resampling
from sightline.metrics.predictions import Predictions
from tests.unit.metrics.comparison.conftest import one_pair

SETTINGS = {"metric": "accuracy", "resampling": Resampling(level=0.95, resamples=400, seed=0)}
FEW = {"metric": "accuracy", "resampling": Resampling(level=0.95, resamples=100, seed=0)}


def drawn(
    rng: np.random.Generator,
    n: int = 500,
    classes: int = 4,
    skill: float = 1.5,
    labels: NDArray[np.int64] | None = None,
) -> Predictions:
    """Answers that are right more often than not."""
    if labels is None:
        labels = rng.integers(classes, size=n)
    logits = rng.normal(size=(len(labels), classes)).astype(np.float32)
    logits[np.arange(len(labels)), labels] += skill
    return Predictions(np.array([f"item {i}" for i in range(len(labels))]), logits, labels)


def hits(right: NDArray[np.bool_]) -> Predictions:
    """Two classes, answered right where it is said."""
    labels = np.zeros(len(right), dtype=np.int64)
    logits = np.stack([right, ~right], axis=1).astype(np.float32)
    return Predictions(np.arange(len(right)).astype(np.str_), logits, labels)


@pytest.mark.parametrize("metric", measured_of("classification"))
def test_a_difference_is_the_difference_of_the_values(metric: str):
    rng = np.random.default_rng(1)
    a = drawn(rng, classes=7)
    b = drawn(rng, skill=0.5, labels=a.labels, classes=7)
    found = compare([System("a", (a,)), System("b", (b,))], **{**SETTINGS, "metric": metric})
    values = {row["name"]: row["value"] for row in found["systems"]}
    (pair,) = found["pairs"]
    assert pair["difference"] == pytest.approx(values["a"] - values["b"], abs=1e-12)
    assert pair["low"] < pair["difference"] < pair["high"]
    assert found["lower_is_better"] == (not METRICS[metric].higher_is_better)
    for row in found["systems"]:
        assert row["low"] <= row["value"] <= row["high"]
        assert row["training_sd"] is None


def test_values_are_those_of_scikit_learn():
    rng = np.random.default_rng(2)
    a, b = (drawn(rng), drawn(rng))
    members = (a, Predictions(a.ids, b.logits, a.labels))
    found = compare([System("both", members)], **{**SETTINGS, "metric": "f1_macro"})
    expected = [f1_score(m.labels, m.logits.argmax(axis=1), average="macro") for m in members]
    assert found["systems"][0]["values"] == pytest.approx(expected, abs=1e-12)
    assert found["systems"][0]["value"] == pytest.approx(np.mean(expected), abs=1e-12)
    assert found["pairs"] == []
    assert found["ranking"] == [{"rank": 1, "name": "both", "value": found["systems"][0]["value"], "tied_with": []}]


def test_the_order_of_items_does_not_matter():
    rng = np.random.default_rng(3)
    a = drawn(rng)
    b = drawn(rng, labels=a.labels, skill=1.0)
    turned = Predictions(b.ids[::-1], b.logits[::-1], b.labels[::-1])
    for metric in ("accuracy", "f1_macro"):
        settings = {**SETTINGS, "metric": metric}
        one = compare([System("a", (a,)), System("b", (b,))], **settings)
        assert one == compare([System("a", (a,)), System("b", (turned,))], **settings)


def test_a_system_against_itself():
    a = drawn(np.random.default_rng(4))
    for metric in ("accuracy", "log_loss"):
        (pair,) = compare([System("a", (a,)), System("again", (a,))], **{**SETTINGS, "metric": metric})["pairs"]
        assert (pair["difference"], pair["p_value"]) == (0.0, 1.0)


def test_what_cannot_be_compared():
    rng = np.random.default_rng(5)
    a = drawn(rng)
    shorter = Predictions(a.ids[:-2], a.logits[:-2], a.labels[:-2])
    other = Predictions(np.char.add("other ", a.ids), a.logits, a.labels)
    relabelled = Predictions(a.ids, a.logits, np.roll(a.labels, 1))
    for b, says in (
        (shorter, "2 of 500 are missing and 0 are new, such as item 498"),
        (other, "500 of 500 are missing and 500 are new, such as item 0"),
        (relabelled, "under different labels"),
    ):
        with pytest.raises(UsageError, match=says):
            compare([System("a", (a,)), System("b", (b,))], **SETTINGS)
    with pytest.raises(UsageError, match="two systems are called a"):
        compare([System("a", (a,)), System("a", (a,))], **SETTINGS)
    with pytest.raises(UsageError, match=r"compare\.metric=f2 is no metric of labels"):
        compare([System("a", (a,))], **{**SETTINGS, "metric": "f2"})
    with pytest.raises(UsageError, match="top5_accuracy says nothing with 4 classes, it takes 6 or more"):
        compare([System("a", (a,))], **{**SETTINGS, "metric": "top5_accuracy"})
    alone = Predictions(a.ids, a.logits, np.zeros_like(a.labels))
    with pytest.raises(UsageError, match="roc_auc_ovr is not defined for a"):
        compare([System("a", (alone,))], **{**SETTINGS, "metric": "roc_auc_ovr"})


def test_classes_are_matched_by_their_names():
    """The second system has its classes in another order, and answers the same."""
    a = drawn(np.random.default_rng(12), classes=3)
    order = np.array([2, 0, 1])
    turned = Predictions(a.ids, a.logits[:, order], np.argsort(order)[a.labels])
    names = ("a", "b", "c"), ("c", "a", "b")
    systems = [System("one", (a,), None, names[0]), System("two", (turned,), None, names[1])]
    found = compare(systems, **{**SETTINGS, "metric": "log_loss"})
    assert found["pairs"][0]["difference"] == pytest.approx(0, abs=1e-12)
    unnamed = [System("one", (a,), None, names[0]), System("two", (a,), None, ("0", "1", "2"))]
    assert compare(unnamed, **SETTINGS)["pairs"][0]["difference"] == 0
    others = [systems[0], System("two", (turned,), None, ("c", "a", "d"))]
    with pytest.raises(UsageError, match="two and one name their classes differently: d is not known to one"):
        compare(others, **SETTINGS)
    wider = drawn(np.random.default_rng(12), classes=4)
    with pytest.raises(UsageError, match="two knows 4 classes and one 3"):
        compare([System("one", (a,)), System("two", (wider,))], **SETTINGS)


def test_groups_come_from_whichever_system_knows_them():
    a = drawn(np.random.default_rng(13), n=6)
    back = Predictions(a.ids[::-1], a.logits[::-1], a.labels[::-1])
    groups = np.array(["x", "x", "y", "y", "z", "z"])
    without = System("folder", (a,))
    for known in (System("run", (a,), groups), System("run", (back,), groups[::-1])):
        found = shared_groups([without, known])
        assert found is not None
        assert found.tolist() == groups.tolist()
    renamed = System("other", (a,), np.array(["1", "1", "2", "2", "3", "3"]))
    assert shared_groups([System("run", (a,), groups), renamed]) is not None
    contradicting = System("other", (a,), np.array(["1", "2", "2", "1", "3", "3"]))
    with pytest.raises(UsageError, match="run and other put the same items into different groups"):
        shared_groups([System("run", (a,), groups), contradicting])
    assert shared_groups([without]) is None


def test_groups_widen_the_interval():
    rng = np.random.default_rng(6)
    each = rng.random(100) < 0.3
    a, b = hits(np.repeat(each, 10)), hits(np.ones(1000, dtype=bool))
    systems = [System("a", (a,)), System("b", (b,))]
    alone, grouped = (
        compare(systems, metric="accuracy", resampling=Resampling(0.95, 400, 0, groups))["pairs"][0]
        for groups in (None, np.repeat(np.arange(100), 10))
    )
    assert grouped["method"] == "paired jackknife of groups, swaps"
    ratio = (grouped["high"] - grouped["low"]) / (alone["high"] - alone["low"])
    assert ratio == pytest.approx(np.sqrt(10), rel=0.2)


def test_ranks_show_ties():
    rng = np.random.default_rng(7)
    base = rng.random(2000)
    accuracies = {"best": 0.9, "close": 0.895, "worst": 0.6}
    found = compare([System(name, (hits(base < share),)) for name, share in accuracies.items()], **SETTINGS)
    own = {entry["name"]: entry for entry in found["ranking"]}
    assert [entry["name"] for entry in found["ranking"]] == ["best", "close", "worst"]
    assert own["worst"]["rank"] == 3
    assert (own["worst"]["tied_with"], own["best"]["tied_with"]) == ([], [])
    noisy = [System(name, (hits(rng.random(2000) < share),)) for name, share in accuracies.items()]
    own = {entry["name"]: entry for entry in compare(noisy, **SETTINGS)["ranking"]}
    assert (own["best"]["rank"], own["close"]["rank"], own["worst"]["rank"]) == (1, 1, 3)
    assert own["best"]["tied_with"] == ["close"]


def study(
    rng: np.random.Generator, n: int, seeds: int, gain: float = 0.0, seed_sd: float = 0.0
) -> tuple[System, System]:
    """Items of their own difficulty, seeds of their own skill, and noise of both together."""
    difficulty = rng.normal(size=n)

    def members(shift: float) -> tuple[Predictions, ...]:
        skills = 1.3 + shift + seed_sd * rng.normal(size=seeds)
        return tuple(hits(skill + difficulty + 0.7 * rng.normal(size=n) > 0) for skill in skills)

    return System("a", members(gain)), System("b", members(0.0))


@pytest.mark.parametrize(("seeds", "seed_sd"), [(1, 0.0), (3, 0.0), (3, 0.1), (5, 0.05)])
def test_equal_systems_are_told_apart_as_rarely_as_promised(seeds: int, seed_sd: float):
    rng, draws = np.random.default_rng(8), 400
    pairs = [one_pair(study(rng, 1000, seeds, seed_sd=seed_sd)) for _ in range(draws)]
    rejected = np.mean([pair["p_value"] < 0.05 for pair in pairs])
    assert rejected < 0.05 + 3 * np.sqrt(0.05 * 0.95 / draws)
    assert np.mean([pair["low"] <= 0 <= pair["high"] for pair in pairs]) > 0.95 - 3 * np.sqrt(0.05 * 0.95 / draws)


def test_a_real_gain_is_found_as_often_as_theory_says():
    """One point at 10,000 items of which 6 % are answered differently: power 0.983 by the normal approximation."""
    rng, found, draws = np.random.default_rng(9), 0, 200
    for _ in range(draws):
        kind = rng.choice(4, size=10_000, p=[0.035, 0.025, 0.9, 0.04])
        a, b = hits((kind == 0) | (kind == 2)), hits((kind == 1) | (kind == 2))
        found += one_pair([System("a", (a,)), System("b", (b,))])["p_value"] < 0.05
    assert found / draws > 0.983 - 3 * np.sqrt(0.983 * 0.017 / draws)


def test_the_variance_of_seeds_is_told_apart_from_that_of_items():
    rng = np.random.default_rng(10)
    with_seeds, without = [], []
    for _ in range(60):
        with_seeds.append(compare(study(rng, 2000, 5, seed_sd=0.15)[:1], **FEW))
        without.append(compare(study(rng, 2000, 5)[:1], **FEW))
    spread = [np.sqrt(np.mean([f["systems"][0]["training_sd"] ** 2 for f in found])) for found in (with_seeds, without)]
    # Skill 1.3 against noise of variance 1 + 0.49: a step of 0.15 in skill moves accuracy by 0.15 * density.
    expected = 0.15 * np.exp(-(1.3**2) / (2 * 1.49)) / np.sqrt(2 * np.pi * 1.49)
    assert spread[0] == pytest.approx(expected, rel=0.2)
    assert spread[1] < 0.006


def test_seeds_count_as_few_however_many_items_there_are():
    """Three seeds that differ: pooling their answers as if they were more items would claim far too much."""
    rng, draws = np.random.default_rng(11), 40
    widths, pooled = [], []
    for _ in range(draws):
        a, b = study(rng, 5000, 3, seed_sd=0.2)
        pair = one_pair([a, b])
        widths.append(pair["high"] - pair["low"])
        share = np.mean([m.logits.argmax(axis=1) == m.labels for m in (*a.members, *b.members)])
        pooled.append(2 * 1.96 * np.sqrt(2 * share * (1 - share) / 15_000))
    assert np.median(widths) > 3 * np.median(pooled)
