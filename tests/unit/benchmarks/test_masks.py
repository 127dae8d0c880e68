"""Intervals of masks hold the population's scores as often as they claim, where a percentile bootstrap does not."""

import json

import pytest
from scipy.stats import binom

from benchmarks.masks import as_json, hits, worlds
from sightline.metrics.catalogue import MASKS, measured_of

DRAWS, CHANCE = 300, 1e-4


@pytest.mark.slow
def test_intervals_of_few_unlike_images_hold_what_they_claim():
    """Between 93 and 98 % of samples, but for a chance of 1 in 10,000 at either end."""
    (world,) = (one for one in worlds() if one.name == "unlike sizes, common classes, sure")
    rows = [hits(world, 30, seed) for seed in range(DRAWS)]
    held = {name: sum(row[name][0] and row[name][1] for row in rows) for name in measured_of(MASKS)}
    for name, count in held.items():
        assert binom.cdf(count, DRAWS, 0.93) > CHANCE, (name, count)
        assert binom.sf(count - 1, DRAWS, 0.98) > CHANCE, (name, count)
    of_bootstrap = sum(row["mean_iou"][3] for row in rows)
    assert binom.cdf(of_bootstrap, DRAWS, 0.93) < CHANCE, "so the bounds tell a wrong interval"


def test_results_are_written_a_score_a_line_and_rounded():
    score = {"held": 0.9530000001, "width": 0.068447294, "samples": 1000}
    content = {"draws": 9, "worlds": [{"world": "w {", "images": 30, "scores": {"a": score, "b": score}}]}
    text = as_json(content)
    assert json.loads(text)["worlds"][0]["scores"]["b"] == {"held": 0.953, "width": 0.0684, "samples": 1000}
    assert len(text.splitlines()) == 13
