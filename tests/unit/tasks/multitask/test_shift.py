"""A label and a mask under a corruption, each over the images that bear it."""

from pathlib import Path

import numpy as np
import pytest

from sightline.cli import configure
from sightline.data.targets import LABEL, MASK, MISSING
from sightline.metrics.segmentation.predictions import MaskPredictions
from sightline.run.folder import Run
from sightline.run.part import PartOfRun
from sightline.tasks.classification.shift import ClassShift
from sightline.tasks.multitask.predictions import MultitaskPredictions
from sightline.tasks.multitask.shift import MultitaskShift
from sightline.tasks.segmentation.shift import MaskShift


def shift(folder: Path) -> MultitaskShift:
    run, config = Run(folder), configure("mode=evaluate", "tracking=none", "evaluation.resamples=100")
    run.save_json("external.json", {"val": {"groups": None, "notes": []}})
    label, mask = (PartOfRun(run, name) for name in (LABEL, MASK))
    return MultitaskShift(ClassShift(config, label, "val"), MaskShift(config, mask, "val", 255))


def predictions(labels: list[int], confusions: list[list[list[int]]]) -> MultitaskPredictions:
    n, none = len(labels), np.zeros(0, dtype=np.int64)
    names = np.array([f"{k}" for k in range(n)])
    zeros = np.zeros(n, dtype=np.int64)
    masks = MaskPredictions(names, np.array(confusions), zeros, np.zeros((0, 2), np.float32), none, none)
    return MultitaskPredictions(names, np.tile([2.0, 0.0], (n, 1)).astype(np.float32), np.array(labels), masks)


def test_an_image_without_a_truth_has_no_score(tmp_path: Path):
    right, none = [[5, 0], [0, 5]], [[0, 0], [0, 0]]
    found = shift(tmp_path).measure(predictions([0, MISSING, 1], [right, right, none]))
    assert found[LABEL].scores == pytest.approx([1, np.nan, 0], nan_ok=True)
    assert found[LABEL].metrics["accuracy"]["value"] == 0.5
    assert found[MASK].scores == pytest.approx([1, 1, np.nan], nan_ok=True)


def test_a_target_that_no_image_bears_is_left_out(tmp_path: Path):
    found = shift(tmp_path).measure(predictions([0, 1], [[[0, 0], [0, 0]]] * 2))
    assert set(found) == {LABEL}
