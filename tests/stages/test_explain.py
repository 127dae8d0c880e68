"""Explanations: a map for each of a few images, and what they are of."""

from pathlib import Path

import numpy as np

from tests.stages.conftest import Stage, load, looks_at_test_labels


def test_it_leaves_a_map_for_every_image(stage: Stage, run: Path):
    looks = looks_at_test_labels(run)
    written = stage("explain", run, "explain.classes=2", "explain.per_class=2")
    assert {"explain/explain.json", "explain/maps.npz", "figures/explanations.png"} <= written
    found = load(run, "explain/explain.json")
    with np.load(run / "explain/maps.npz") as archive:
        maps = archive["maps"]
    assert len(maps) == len(found["items"]) >= 2
    assert np.isfinite(maps).all()
    assert looks_at_test_labels(run) == looks
