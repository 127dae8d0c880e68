"""Masks are measured, calibrated and shown from their predictions alone."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.special import softmax

from sightline.cli import compose_config
from sightline.config import parse
from sightline.config.schema import Config
from sightline.metrics.segmentation.predictions import MaskPredictions
from sightline.run.folder import Run
from sightline.run.schema import FILES, flaw
from sightline.tasks.segmentation.calibration import calibrate
from sightline.tasks.segmentation.evaluation import AS_STORED, evaluate

NAMES = ("background", "circle", "square")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run.create(tmp_path / "runs", "shapes-unet", "abcd1234-s0")


@pytest.fixture
def config() -> Config:
    return parse.parse(compose_config([]))


def drawn(images: int, seed: int, pixels: int = 20) -> MaskPredictions:
    rng = np.random.default_rng(seed)
    image = np.repeat(np.arange(images), pixels)
    logits = rng.normal(size=(len(image), 3)) * 1.5
    labels = (softmax(logits, axis=1).cumsum(axis=1) > rng.random((len(image), 1))).argmax(axis=1)
    confusions = np.zeros((images, 3, 3), dtype=np.int64)
    np.add.at(confusions, (image, labels, logits.argmax(axis=1)), 1)
    ids = np.array([f"{seed}/{index}" for index in range(images)])
    return MaskPredictions(
        ids, confusions, np.ones(images, int), (3 * logits).astype(np.float32), labels, image
    )  # fmt: skip


def test_a_split_is_calibrated_measured_and_drawn(run: Run, config: Config):
    fitted = calibrate(config, run, drawn(60, 0), drawn(40, 1))
    fitted.draw(run)
    assert fitted.values()["temperature"] == pytest.approx(3, rel=0.2)
    (title, _), (sets, table) = fitted.tables()
    assert title.startswith("calibration split, temperature ")
    assert "1,200 pixels of 60 images" in title
    assert sets == "sets for every pixel, measured on 40 images"
    assert [row[0] for row in table.rows[:2]] == ["pixels of an image", "pixels of a class in an image"]
    run.save_json("calibration.json", fitted.content)
    found = evaluate(config, run, NAMES, "test", drawn(50, 2), drawn(50, 3))
    found.draw(run)
    assert json.loads(json.dumps(found.content)) == found.content
    assert flaw(found.content, FILES["evaluation.json"]) == flaw(fitted.content, FILES["calibration.json"]) == ""
    assert found.content["measured_at"] == AS_STORED
    assert found.content["calibrated"]["sets"][0]["missed"]["value"] < 0.3
    assert found.content["tta"]["metrics"]["mean_iou"]["value"] != found.content["metrics"]["mean_iou"]["value"]
    titles = [title for title, _ in found.tables()]
    assert titles == ["classes", "test split, 50 images, 1,000 pixels", "the same, test-time views: none"]
    assert found.values()["mean_iou"] == found.content["metrics"]["mean_iou"]["value"]
    figures = {path.name for path in (run.path / "figures").iterdir()}
    assert figures == {"confusion.png", "confusion_normalised.png", "reliability.png"}


def test_without_logits_of_pixels_masks_are_measured_all_the_same(run: Run, config: Config):
    run.save_json("calibration.json", calibrate(config, run, drawn(60, 0), None).content)
    some = drawn(30, 2)
    none = MaskPredictions(
        some.ids, some.confusions, some.ignored, np.zeros((0, 3), np.float32), np.zeros(0, int), np.zeros(0, int)
    )
    found = evaluate(config, run, NAMES, "test", none, None)
    assert "calibrated" not in found.content
    assert found.values()["pixel_accuracy"] == pytest.approx(
        evaluate(config, run, NAMES, "test", some, None).values()["pixel_accuracy"]
    )


def test_counts_are_of_images_that_are_measured_and_the_others_are_told(run: Run, config: Config):
    found = drawn(12, 2)
    found.confusions[3:] = 0
    tables = dict(evaluate(config, run, NAMES, "test", found, None).tables())
    (title,) = [title for title in tables if title.startswith("test split")]
    assert title == "test split, 3 images, 60 pixels; 9 images have no mask, or none of its pixels counts: left out"
