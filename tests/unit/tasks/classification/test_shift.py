"""What labels are worth under a corruption."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from sightline.cli import configure
from sightline.data.targets import LABEL
from sightline.metrics.predictions import Predictions
from sightline.run.folder import Run
from sightline.tasks.classification.shift import ClassShift, LogitsCollector

CONFIG = configure("evaluation.resamples=100", "tracking=none")
SETS = [
    {"method": "lac", "alpha": 0.1, "conditional": "marginal", "quantile": 0.6},
    {"method": "lac", "alpha": 0.1, "conditional": "class", "quantile": [0.6, 0.6, 0.6]},
    {"method": "aps", "alpha": 0.1, "conditional": "marginal", "quantile": None},
]


def predictions(n: int = 200) -> Predictions:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, n)
    logits = rng.normal(size=(n, 3)) + 2.0 * np.eye(3)[labels]
    return Predictions(np.array([f"{k}" for k in range(n)]), logits.astype(np.float32), labels)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    found = Run(tmp_path)
    found.save_json("external.json", {"val": {"groups": None, "notes": []}})
    return found


def test_accuracy_and_calibration_at_the_temperature_and_the_marginal_sets(run: Run):
    answers = predictions()
    plain = ClassShift(CONFIG, run, "val").measure(answers)[LABEL]
    assert plain.metrics["accuracy"]["value"] == pytest.approx(plain.scores.mean())
    assert not plain.sets
    run.save_json("calibration.json", {"temperature": 4.0, "conformal": SETS})
    warm = ClassShift(CONFIG, run, "val").measure(answers)[LABEL]
    assert warm.metrics["accuracy"] == plain.metrics["accuracy"]
    assert warm.metrics["ece"]["value"] > plain.metrics["ece"]["value"] + 0.1, "a temperature that is far off"
    assert [(one["method"], one["alpha"]) for one in warm.sets] == [("lac", 0.1), ("aps", 0.1)]
    probabilities = answers.probabilities(4.0)
    held = probabilities[np.arange(200), answers.labels] >= 0.4
    assert warm.sets[0]["coverage"]["value"] == pytest.approx(held.mean())
    assert warm.sets[1]["coverage"]["value"] == 1
    assert warm.sets[1]["mean_size"] == 3


def test_only_logits_are_kept():
    network = nn.Sequential(nn.Flatten(), nn.Linear(12, 3))
    collector, images = LogitsCollector(), torch.randn(4, 3, 2, 2)
    with torch.inference_mode():
        outputs = collector.forward(network, images)
    parts = [collector.collect([f"{k}{n}" for n in range(4)], outputs, {LABEL: torch.arange(4) % 3}) for k in "ab"]
    joined = collector.joined(parts)
    assert np.array_equal(joined.logits, np.concatenate([outputs.numpy()] * 2))
    assert joined.ids.tolist() == ["a0", "a1", "a2", "a3", "b0", "b1", "b2", "b3"]
    assert joined.labels.tolist() == [0, 1, 2, 0] * 2
