"""What a report says of masks: from predictions that are made up, so that every number is known."""

import json
from pathlib import Path

import numpy as np
import pytest

from sightline.metrics.intervals.resampling import Resampling
from sightline.metrics.segmentation.evaluation import evaluate_masks, extremes
from sightline.metrics.segmentation.predictions import MaskPredictions
from sightline.reporting.contents import Contents
from sightline.reporting.page import render_page
from sightline.reporting.sections.doubts import doubts
from sightline.reporting.sections.segmentation.classes import class_table, side_by_side, weakest_first
from sightline.reporting.sections.segmentation.verdict import EVALUATION, headline, sentences, tiles
from sightline.run.folder import Run

NAMES = ("road", "car", "قطة", "never")


def predicted() -> MaskPredictions:
    """12 images of 100 pixels: of "car" a third is called road, "never" is neither true nor predicted."""
    confusion = np.array([[70, 0, 0, 0], [5, 10, 0, 0], [1, 0, 14, 0], [0, 0, 0, 0]])
    confusions = np.stack([confusion + number % 3 * np.diag([3, 0, 0, 0]) for number in range(12)])
    empty = np.zeros((0, 4), dtype=np.float32)
    none = np.zeros(0, dtype=np.int64)
    names = np.array([f"{number:02}" for number in range(12)])
    return MaskPredictions(names, confusions, np.zeros(12, dtype=np.int64), empty, none, none)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    run = Run(tmp_path)
    measured = evaluate_masks(predicted(), class_names=NAMES, resampling=Resampling(0.95, 200, 0, None))
    content = {**measured, "split": "test", "class_names": list(NAMES), "measured_at": "the size as stored"}
    run.save_json("evaluation.json", content)
    run.save_text("config.yaml", "model: {name: unet}\ndata: {name: shapes}\n")
    return run


def test_the_verdict_says_what_was_measured_and_what_one_class_for_all_would_be_worth(run: Run):
    contents = Contents(run)
    evaluation = contents.read(EVALUATION)
    assert contents.task == "segmentation"
    said = " ".join([headline(evaluation), *sentences(evaluation)])
    value = evaluation["metrics"]["mean_iou"]["value"]
    assert f"masks reach a mean IoU of {100 * value:.1f} %, 95 % interval" in said
    pixels = int(predicted().confusions.sum())
    assert f"{pixels:,} pixels of 12 test images that played no part in training, at the size as stored" in said
    assert "over 3 classes; “never” occurs nowhere" in said
    road = predicted().confusions.sum(axis=0)[0].sum()
    assert f"Calling every pixel “road” would be right for {100 * road / pixels:.1f} %" in said
    assert f"a mean IoU of {100 * road / pixels / 3:.1f} %" in said
    assert "weakest on “car” (66.7 %)" in said
    assert "Most wrong pixels, 60, are of “car” and called “road”: 33.3 % of all that is “car”." in said
    assert [tile.label for tile in tiles(contents)] == [
        "Mean IoU", "Pixel accuracy", "Mean IoU, per image", "Test labels used",
    ]  # fmt: skip
    assert "has not" not in said
    assert "not been evaluated" in headline(None)


def test_ties_are_told_as_ties():
    confusion = np.array([[10, 5], [5, 10]])
    none = np.zeros(0, dtype=np.int64)
    empty = np.zeros((0, 2), dtype=np.float32)
    alike = MaskPredictions(
        np.array(["a", "b"]), np.stack([confusion] * 2), np.zeros(2, dtype=np.int64), empty, none, none
    )
    measured = evaluate_masks(alike, class_names=("x", "y"), resampling=Resampling(0.95, 200, 0, None))
    content = {**measured, "split": "val", "class_names": ["x", "y"], "measured_at": "the size as stored"}
    said = " ".join(sentences(json.loads(json.dumps(content))))
    assert "weakest" not in said
    assert "chose the epoch, so it flatters" in said


def test_tables_are_the_weakest_first_and_side_by_side(run: Run):
    evaluation = Contents(run).read(EVALUATION)
    rows = class_table(weakest_first(evaluation["per_class"])).rows
    assert [row[0] for row in rows] == ["car", "road", "قطة", "never"]
    assert rows[-1][3] == "–"
    table = side_by_side(evaluation)
    assert [row[0] for row in table.rows] == ["IoU", "Dice", "Pixel accuracy"]
    assert table.rows[0][1].startswith(f"{100 * evaluation['metrics']['mean_iou']['value']:.1f} %")
    assert table.rows[0][2].startswith(f"{100 * evaluation['metrics']['image_iou']['value']:.1f} %")


def test_the_page_of_masks_holds_their_sections_and_none_of_labels(run: Run):
    run.save_bytes("figures/masks_worst.png", b"\x89PNG\r\n\x1a\n" + bytes(8) + bytes([0, 0, 0, 9, 0, 0, 0, 9]))
    page = render_page(run)
    assert "<h1>unet on shapes</h1>" in page
    assert "The images with the lowest IoU." in page
    assert "The worst." in page
    assert "Top-5" not in page
    assert "Labels worth a second look" not in page


def test_extremes_are_by_the_iou_of_an_image():
    found = extremes(predicted())
    assert found["best"][0]["iou"] >= found["median"][0]["iou"] >= found["worst"][0]["iou"]
    assert found["worst"][0]["id"] == "00"


@pytest.mark.parametrize(
    ("low", "high", "says"),
    [
        (0.2, 0.4, "Not shown to be better than one class for every pixel"), (0.1, 0.2, "Worse than one class"),
        (0.3, 0.5, ""),
    ],
)  # fmt: skip
def test_masks_are_held_against_one_class_for_every_pixel(run: Run, low: float, high: float, says: str):
    """Of these pixels 71 % are road, so that calling all of them so reaches a mean IoU of 24 % over three classes."""
    evaluation = run.load_json("evaluation.json")
    evaluation["metrics"]["mean_iou"] |= {"value": (low + high) / 2, "low": low, "high": high}
    run.save_json("evaluation.json", evaluation)
    said = doubts(Contents(run))
    assert [one.startswith(says) for one in said] == [True] * bool(says)
    if says:
        assert "calling all “road” would reach a mean IoU of 23." in said[0]
        assert f"runs from {100 * low:.1f} to {100 * high:.1f} %." in said[0]


def test_of_several_targets_few_steps_are_told_once_and_doubts_name_theirs(run: Run):
    evaluation = run.load_json("evaluation.json")
    evaluation["metrics"]["mean_iou"] |= {"low": 0.1, "high": 0.5}
    run.save_json("evaluation.json", {"split": "test", "n": 12, "mask": evaluation})
    run.save_text("config.yaml", "model: {name: multitask}\ndata: {name: shapes}\n")
    run.append("metrics.jsonl", {"kind": "epoch", "epoch": 0, "step": 1, "val_loss": 1.0})
    first, second = doubts(Contents(run))
    assert first.startswith("mask: Not shown to be better")
    assert second.startswith("An epoch had 1 step")
    page = render_page(run)
    assert page.count("Test labels used") == 1
    assert page.index("mask: Class by class") < page.index("Weakest first") < page.index("Over classes, images")
    assert page.count("An epoch had 1 step") == page.count("mask: Not shown to be better") == 1


def test_images_that_are_left_out_are_told(run: Run):
    evaluation = run.load_json("evaluation.json") | {"unlabelled": 1}
    assert "1 image has no mask, or none of its pixels counts: left out." in " ".join(sentences(evaluation))


def test_one_image_is_one(run: Run):
    run.save_json("evaluation.json", run.load_json("evaluation.json") | {"n": 1})
    contents = Contents(run)
    assert tiles(contents)[0].remark == "on 1 test image"
    assert "pixels of 1 test image that" in " ".join(sentences(contents.read(EVALUATION)))
