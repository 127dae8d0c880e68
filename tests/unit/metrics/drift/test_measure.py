"""What drifted, in numbers and words, and what follows."""

import numpy as np

from sightline.metrics.drift.measure import LEAST, MOST, Policy, Sample, measure_drift
from sightline.metrics.drift.statistics import PIXELS
from sightline.metrics.drift.words import headline

POLICY = Policy(level=0.05, smallest=0.05, outcome="warn", permutations=499)
NAMES = ["cat", "dog", "owl"]


def sample(n: int, seed: int = 0, shares: tuple[float, ...] = (1 / 3, 1 / 3, 1 / 3)) -> Sample:
    """Images of three classes, told apart well."""
    rng = np.random.default_rng(seed)
    pixels = rng.normal(100, 20, (n, len(PIXELS))).astype(np.float32)
    logits = rng.normal(size=(n, 3)) + 8 * np.eye(3)[rng.choice(3, n, p=shares)]
    return Sample(pixels, logits.astype(np.float32))


def test_the_same_images_do_not_drift():
    found = measure_drift(sample(300), sample(300, seed=1), NAMES, POLICY)
    assert found["outcome"] == "pass"
    assert not headline(found)


def test_darker_images_are_called_darker():
    new = sample(200, seed=1)
    new.pixels[:, list(PIXELS).index("brightness")] -= 12
    found = measure_drift(sample(600), new, NAMES, POLICY)
    assert found["outcome"] == "warn"
    assert [row["name"] for row in found["statistics"] if row["matters"]] == ["brightness"]
    row = found["statistics"][0]
    assert row["words"].startswith("darker by 1")
    assert row["words"].endswith("/255")
    assert row["difference"]["high"] is not None
    assert row["difference"]["high"] < 0
    assert "darker by" in headline(found)


def test_another_mix_of_classes_is_told_by_its_classes():
    found = measure_drift(sample(900), sample(200, seed=1, shares=(0.7, 0.15, 0.15)), NAMES, POLICY)
    row = next(row for row in found["statistics"] if row["name"] == "classes")
    assert row["matters"]
    assert "times as often cat" in row["words"]
    cat = found["classes"][0]["ratio"]
    assert cat["low"] is not None
    assert 1.5 < cat["low"] < cat["value"] < cat["high"] < 3


def test_a_class_that_never_was_predicted_is_new():
    found = measure_drift(sample(300, shares=(0.5, 0.5, 0)), sample(300, seed=1), NAMES, POLICY)
    assert "newly owl" in next(row for row in found["statistics"] if row["name"] == "classes")["words"]


def test_what_the_class_does_not_show_is_seen_in_the_features():
    """A third of the images has another runner-up."""
    reference, new = sample(900), sample(300, seed=1)
    assert new.logits is not None
    order = new.logits.argsort(axis=1)
    changed = np.flatnonzero((np.arange(300) % 2 == 0) & (order[:, 2] != 2))
    new.logits[changed, 2] += 5
    found = {row["name"]: row for row in measure_drift(reference, new, NAMES, POLICY)["statistics"]}
    assert found["features"]["matters"]
    assert not found["classes"]["drifted"]
    assert 0.2 < found["features"]["distance"] < 0.45, "the share of images that would have to change"


def test_a_difference_too_small_to_matter_is_told_and_raises_no_alarm():
    new = sample(4000, seed=1)
    new.pixels[:, 0] += 3
    strict, lenient = (Policy(0.05, smallest, "refuse", 999) for smallest in (0.0, 0.2))
    assert measure_drift(sample(4000), new, NAMES, strict)["outcome"] == "refuse"
    found = measure_drift(sample(4000), new, NAMES, lenient)
    assert found["outcome"] == "pass"
    assert found["statistics"][0]["drifted"]
    assert not found["statistics"][0]["matters"]


def test_too_few_images_are_not_judged_and_too_many_thinned():
    assert measure_drift(sample(300), sample(LEAST - 1, seed=1), NAMES, POLICY)["outcome"] == "unjudged"
    many = measure_drift(sample(MOST + 700), sample(50, seed=1), NAMES, POLICY)
    assert many["n_reference"] == MOST


def test_images_without_any_difference_at_all_are_not_judged():
    same = Sample(np.zeros((30, len(PIXELS)), np.float32))
    assert measure_drift(same, same, NAMES, POLICY)["outcome"] == "unjudged"
