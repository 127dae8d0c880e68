"""Calibration of a label and a mask where too few images bear one of them."""

from pathlib import Path

import numpy as np
import pytest

from sightline.cli import compose_config
from sightline.config import parse
from sightline.data.targets import MISSING
from sightline.errors import TooFewError
from sightline.metrics.segmentation.predictions import MaskPredictions
from sightline.run.folder import Run
from sightline.tasks.classification.task import Classification
from sightline.tasks.multitask.predictions import MultitaskPredictions
from sightline.tasks.multitask.task import Multitask
from sightline.tasks.segmentation.task import Segmentation

TASK = Multitask(Classification(("no", "yes")), Segmentation(("sky", "sea"), 255))


def drawn(images: int, labelled: int, masked: int) -> MultitaskPredictions:
    """Predictions of images of which the first few are labelled, and the first few bear a mask of four pixels."""
    rng, image = np.random.default_rng(0), np.repeat(np.arange(masked), 4)
    logits = rng.normal(size=(len(image), 2)).astype(np.float32)
    labels, confusions = rng.integers(0, 2, len(image)), np.zeros((images, 2, 2), dtype=np.int64)
    np.add.at(confusions, (image, labels, logits.argmax(axis=1)), 1)
    ids = np.array([f"{number}" for number in range(images)])
    masks = MaskPredictions(ids, confusions, np.where(np.arange(images) < masked, 0, 4), logits, labels, image)
    known = np.where(np.arange(images) < labelled, np.arange(images) % 2, MISSING)
    return MultitaskPredictions(ids, rng.normal(size=(images, 2)).astype(np.float32), known, masks)


@pytest.mark.parametrize(
    ("labelled", "masked", "kept", "without"), [(1, 30, "mask", "label"), (30, 1, "label", "mask")]
)
def test_a_target_of_a_single_image_is_named_and_the_other_calibrated(
    labelled: int, masked: int, kept: str, without: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    config = parse.parse(compose_config(["model=multitask", "data=shapes", "calibration.resamples=100"]))
    found = TASK.calibrate(config, Run(tmp_path), drawn(30, labelled, masked), None)
    assert set(found.content) & {"label", "mask"} == {kept}
    (said,) = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert said.startswith(f"{without}: ")
    assert "its probabilities stay as they are" in said


def test_where_no_target_can_be_calibrated_both_are_named(tmp_path: Path):
    config = parse.parse(compose_config(["model=multitask", "data=shapes", "calibration.resamples=100"]))
    with pytest.raises(TooFewError, match=r"label: .*; mask: "):
        TASK.calibrate(config, Run(tmp_path), drawn(3, 1, 1), None)
