"""Calibration, from the calibration and validation splits alone."""

import shutil
from pathlib import Path

from tests.stages.conftest import Stage, load, looks_at_test_labels


def test_it_predicts_what_it_needs_and_reads_no_test_label(stage: Stage, run: Path):
    before, looks = load(run, "calibration.json"), looks_at_test_labels(run)
    shutil.rmtree(run / "predictions")
    written = stage("calibrate", run)
    assert {"calibration.json", "predictions/val.npz", "predictions/calibration.npz"} <= written
    assert "predictions/test.npz" not in written
    assert looks_at_test_labels(run) == looks
    assert load(run, "calibration.json") == before


def test_its_own_group_alone_changes_it(stage: Stage, run: Path):
    before = load(run, "calibration.json")
    written = stage("calibrate", run, "calibration.alphas=[0.3]")
    after = load(run, "calibration.json")
    assert {entry["alpha"] for entry in after["conformal"]} == {0.3}
    assert after["temperature"] == before["temperature"]
    assert "predictions/calibration.npz" not in written
