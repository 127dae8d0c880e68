"""What masks are worth under a corruption."""

from pathlib import Path

import numpy as np
import pytest

from sightline.cli import configure
from sightline.data.targets import MASK
from sightline.errors import UsageError
from sightline.metrics.segmentation.predictions import MaskPredictions
from sightline.run.folder import Run
from sightline.tasks.segmentation.shift import MaskShift

CONFIG = configure("mode=evaluate", "tracking=none")


def predictions(*confusions: list[list[int]]) -> MaskPredictions:
    n = len(confusions)
    none = np.zeros(0, dtype=np.int64)
    names = np.array([f"{k}" for k in range(n)])
    return MaskPredictions(
        names, np.array(confusions), np.zeros(n, dtype=np.int64), np.zeros((0, 2), np.float32), none, none
    )


def shift(folder: Path) -> MaskShift:
    run = Run(folder)
    run.save_json("external.json", {"val": {"groups": None, "notes": []}})
    return MaskShift(CONFIG, run, "val", 255)


def test_the_score_of_an_image_is_its_mean_iou_and_one_without_pixels_has_none(tmp_path: Path):
    found = shift(tmp_path).measure(predictions([[5, 0], [0, 5]], [[0, 0], [0, 0]], [[4, 4], [0, 8]]))[MASK]
    assert found.scores == pytest.approx([1, np.nan, (4 / 8 + 8 / 12) / 2], nan_ok=True)
    assert found.metrics["image_iou"]["value"] == pytest.approx(np.nanmean(found.scores))
    assert found.metrics["mean_iou"]["value"] == pytest.approx((9 / 13 + 13 / 17) / 2)
    assert not found.sets


def test_no_pixel_that_counts_is_said(tmp_path: Path):
    with pytest.raises(UsageError, match="no mask of the val split has a pixel that counts"):
        shift(tmp_path).measure(predictions([[0, 0], [0, 0]]))
