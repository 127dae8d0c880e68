import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from sightline.metrics.intervals.resampling import Resampling
from sightline.metrics.ood.detection import detection

RESAMPLING = Resampling(level=0.95, resamples=300, seed=0)


def world(n: int, seed: int, apart: float = 1.5):
    rng = np.random.default_rng(seed)
    known = np.arange(n) % 3 > 0
    return rng.normal(size=n) + apart * known, known


def by_definition(scores, known):
    false, true, _ = roc_curve(known, scores, drop_intermediate=False)
    return {
        "auroc": roc_auc_score(known, scores),
        "aupr_in": average_precision_score(known, scores),
        "aupr_out": average_precision_score(~known, -scores),
        "fpr95": false[true >= 0.95].min(),
    }


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", range(20))
def test_values_are_those_of_scikit_learn(seed: int, ties: bool):
    scores, known = world(90, seed)
    scores = np.round(scores) if ties else scores
    found = detection(scores, known, Resampling(0.95, 50, 0))
    assert {name: entry["value"] for name, entry in found.items()} == pytest.approx(
        by_definition(scores, known), abs=1e-12
    )


def test_intervals_hold_what_is_true():
    """95 % intervals at 300 items; 3 standard errors of 200 samples are 5 points."""
    truth, hits = by_definition(*world(600_000, 99)), dict.fromkeys(("auroc", "aupr_in", "aupr_out", "fpr95"), 0)
    for seed in range(200):
        found = detection(*world(300, seed), Resampling(0.95, 200, seed))
        for name in hits:
            hits[name] += found[name]["low"] <= truth[name] <= found[name]["high"]
    assert min(hits.values()) / 200 > 0.90, hits


def test_scores_that_never_overlap_here_may_overlap_elsewhere():
    scores, known = world(60, 0, apart=50.0)
    found = detection(scores, known, RESAMPLING)
    assert found["auroc"]["value"] == found["auroc"]["high"] == 1
    assert 0.8 < found["auroc"]["low"] < 0.99
    assert found["fpr95"]["value"] == found["fpr95"]["low"] == 0
    assert found["fpr95"]["high"] > 0.03


def test_copies_in_groups_make_nothing_surer():
    scores, known = world(200, 0)
    alone = detection(scores, known, Resampling(0.95, 300, 0))
    groups = np.repeat(np.arange(len(scores)), 4)
    copies = detection(np.repeat(scores, 4), np.repeat(known, 4), Resampling(0.95, 300, 0, groups))
    for name in ("auroc", "aupr_in", "aupr_out", "fpr95"):
        width, wide = (found[name]["high"] - found[name]["low"] for found in (copies, alone))
        assert width == pytest.approx(wide, rel=0.35), name
