"""Calibration, from the calibration and validation splits alone."""

import shutil
from pathlib import Path

from tests.conftest import Command
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


def test_one_image_to_calibrate_on_leaves_a_training_whole(
    sightline: Command, on_bars: tuple[str, ...], tmp_path: Path
):
    """The gate says so beforehand, what was trained is measured without, and calibration alone is refused."""
    words = ("data.calibration_fraction=0.02", "mode.stages=[validate,train,calibrate,evaluate]")
    answer = sightline("train", *on_bars, *words, f"runs_dir={tmp_path}")
    assert answer.status == 0, answer.err
    said = answer.out + answer.err
    assert "(1 of 18); nothing can be calibrated" in said
    assert "the calibration split has 1 image, and it takes two at least" in said
    assert load(tmp_path / "latest", "evaluation.json")["n"] > 0
    assert not (tmp_path / "latest/calibration.json").exists()
    alone = sightline("calibrate", f"runs_dir={tmp_path}")
    assert (alone.status, "raise data.calibration_fraction" in alone.err) == (2, True)
