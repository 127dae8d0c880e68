"""Evaluation: the test split, looked at once, with an interval for every number."""

import shutil
from pathlib import Path

import numpy as np

from tests.stages.conftest import Stage, load, looks_at_test_labels


def test_it_measures_the_test_split_and_says_so(stage: Stage, run: Path):
    before, looks = load(run, "evaluation.json"), looks_at_test_labels(run)
    assert looks == 1
    (run / "predictions/test.npz").unlink()
    written = stage("evaluate", run)
    assert {"evaluation.json", "predictions/test.npz", "cost.json"} <= written
    assert looks_at_test_labels(run) == 2
    found = load(run, "evaluation.json")
    assert found == before
    assert found["n"] == len(load(run, "split.json")["items"]["test"]["ids"]) == np.sum(found["confusion"])
    assert all(entry["low"] <= entry["high"] for entry in found["metrics"].values())


def test_what_was_predicted_is_not_predicted_again(stage: Stage, run: Path):
    shutil.rmtree(run / "checkpoints")
    assert "predictions/test.npz" not in stage("evaluate", run)
