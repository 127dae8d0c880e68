"""Predictions come back as they were written; those of the test split only through its lock."""

import json
from pathlib import Path

import numpy as np
import pytest

from sightline.errors import LockedSplitError, UsageError
from sightline.inference.predictions import has_predictions, load_predictions, note_use, save_predictions
from sightline.metrics.predictions import Predictions
from sightline.metrics.segmentation.predictions import MaskPredictions
from sightline.run.folder import Run


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run.create(tmp_path / "runs", "digits-cnn", "abcd1234-s0")


def made(rows: int = 3) -> Predictions:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(rows, 4)).astype(np.float32)
    return Predictions(np.array([f"é{row}" for row in range(rows)]), logits, np.arange(rows, dtype=np.int64) % 4)


def masks() -> MaskPredictions:
    rng = np.random.default_rng(0)
    return MaskPredictions(
        np.array(["a", "b"]),
        rng.integers(0, 9, (2, 3, 3)),
        np.array([0, 7]),
        rng.normal(size=(5, 3)).astype(np.float32),
        rng.integers(0, 3, 5),
        np.array([0, 0, 0, 1, 1]),
    )


def test_predictions_come_back_and_equal_arrays_give_equal_bytes(run: Run):
    assert not has_predictions(run, "val")
    first = save_predictions(run, "val", made()).read_bytes()
    assert has_predictions(run, "val")
    back = load_predictions(run, "val", "a test", Predictions.from_arrays)
    assert back.ids.tolist() == made().ids.tolist()
    np.testing.assert_array_equal(back.logits, made().logits)
    assert save_predictions(run, "val", back).read_bytes() == first


def test_predictions_of_masks_come_back(run: Run):
    first = save_predictions(run, "val", masks()).read_bytes()
    back = load_predictions(run, "val", "a test", MaskPredictions.from_arrays)
    for name, array in masks().to_arrays().items():
        np.testing.assert_array_equal(back.to_arrays()[name], array)
        assert back.to_arrays()[name].dtype == array.dtype
    assert save_predictions(run, "val", back).read_bytes() == first


@pytest.mark.parametrize("stage", [None, "train", "calibrate", "sweep", "explain", "report"])
def test_test_labels_stay_locked(run: Run, stage: str | None):
    save_predictions(run, "test", made())
    with run.entering(stage), pytest.raises(LockedSplitError):  # type: ignore[arg-type]
        load_predictions(run, "test", "peek", Predictions.from_arrays)
    assert not run.has("test_ledger.jsonl")


def test_every_use_of_test_labels_is_a_line(run: Run):
    save_predictions(run, "test", made())
    with run.entering("evaluate"):
        found = load_predictions(run, "test", "measure", Predictions.from_arrays)
        assert not run.has("test_ledger.jsonl"), "reading alone shows no number"
        note_use(run, "val", "measure", found)
        note_use(run, "test", "measure", made())
        note_use(run, "test", "measure again", found)
    lines = [json.loads(line) for line in (run.path / "test_ledger.jsonl").read_text().splitlines()]
    assert [line["purpose"] for line in lines] == ["measure", "measure again"]
    assert {line["stage"] for line in lines} == {"evaluate"}
    assert lines[0]["measured"] == lines[1]["measured"], "as stored and as made"


def test_a_missing_file_is_named_with_the_mode_that_writes_it(run: Run):
    with pytest.raises(UsageError, match=r"has no predictions/val.npz: .*calibrate"):
        load_predictions(run, "val", "a test", Predictions.from_arrays)
