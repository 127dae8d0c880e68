"""Masks of single images: where each logit belongs in the image, what is said of it, and the files."""

from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
import torch
from PIL import Image

from sightline.data.preprocessing import Preprocessing
from sightline.data.transforms.fit import Fit
from sightline.tasks.segmentation.prediction_rows import MaskRows, mask_at

NAMES = ("ground", "left", "right")


def seen_by(fit: Fit) -> Preprocessing:
    return Preprocessing(32, (0.5,) * 3, (0.2,) * 3, "bilinear", 1.0, NAMES, fit=fit)


@pytest.mark.parametrize("fit", ["crop", "letterbox", "squash", "whole"])
@pytest.mark.parametrize("size", [(64, 96), (96, 64), (32, 32), (16, 30)])
def test_a_class_of_a_pixel_comes_back_to_its_place(fit: Fit, size: tuple[int, int]):
    """What is bright in the image is class 1; the transform of evaluation stands in for the network."""
    preprocessing, (height, width) = seen_by(fit), size
    truth = np.zeros(size, dtype=np.uint8)
    truth[height // 4 : height // 2, width // 3 : 2 * width // 3] = 1
    pixels = torch.from_numpy(255 * truth)[None, None].expand(1, 3, -1, -1).contiguous()
    level = preprocessing.transform().square(pixels, torch.tensor([size]))[0, 0].float() / 255
    mask = mask_at(torch.stack([1 - level, level]), size, preprocessing.seen(width, height), 255)
    assert mask.shape == size
    counts = mask != 255
    assert counts.all() == (fit != "crop" or height == width)
    assert counts.mean() == pytest.approx(min(size) / max(size) if fit == "crop" else 1, abs=0.02)
    both = ((mask == 1) & (truth == 1) & counts).sum()
    either = (((mask == 1) | (truth == 1)) & counts).sum()
    assert both / either > 0.85


def test_a_row_says_how_much_of_what_was_seen_is_of_each_class():
    rows = MaskRows(NAMES, 255, seen_by("crop"), temperature=2.0, fitted_on=20)
    logits = torch.zeros(1, 3, 32, 32)
    logits[0, 1, :, :16] = 4.0
    logits[0, 2, :, 16:] = 4.0
    (row,) = rows.rows(logits, [(32, 64)])
    assert row["shares"] == {"left": 0.5, "right": 0.5}
    assert row["seen"] == 0.5
    assert row["confidence"] == pytest.approx(float(torch.tensor([2.0, 0.0, 0.0]).softmax(0)[0]))
    mask = row["mask"]
    assert mask.shape == (32, 64)
    assert (mask[:, :16] == 255).all()
    assert (mask[:, 16:32] == 1).all()
    assert (mask[:, 32:48] == 2).all()
    assert rows.line(row) == "left 50.0%  right 50.0%  confidence 78.7%  50.0% of it were seen"
    assert rows.head == ("confidence of a pixel at temperature 2, from 20 images of the calibration split",)
    assert "not calibrated" in MaskRows(NAMES, 255, seen_by("crop")).head[0]


def test_files_are_a_palette_of_class_ids_and_the_photo_under_their_colours():
    rows = MaskRows(NAMES, 255, seen_by("crop"))
    mask = np.full((20, 30), 255, dtype=np.uint8)
    mask[:, :10], mask[:, 10:20] = 1, 2
    row, files = rows.filed({"mask": mask, "confidence": 1.0}, "a b", lambda: np.full((20, 30, 3), 200, dtype=np.uint8))
    assert (row["mask"], row["overlay"]) == ("masks/a b.png", "overlays/a b.png")
    stored = Image.open(BytesIO(files["masks/a b.png"]))
    assert (stored.mode, np.array_equal(np.asarray(stored), mask)) == ("P", True)
    over = np.asarray(Image.open(BytesIO(files["overlays/a b.png"]))).astype(int)
    assert over.shape == (20, 30, 3)
    assert len(np.unique(over[:, :20].reshape(-1, 3), axis=0)) == 2
    assert (over[:, 20:] == 90).all(), "what was not seen is dark"
    own = replace(rows, colours=(0, 0xFF0000, 0x0000FF))
    _, files = own.filed({"mask": mask, "confidence": 1.0}, "a", lambda: np.full((20, 30, 3), 200, dtype=np.uint8))
    assert Image.open(BytesIO(files["masks/a.png"])).getpalette()[:9] == [0, 0, 0, 255, 0, 0, 0, 0, 255]
    over = np.asarray(Image.open(BytesIO(files["overlays/a.png"])))
    assert [over[0, column].argmax() for column in (0, 10)] == [0, 2]


def test_bars_are_no_part_of_the_confidence():
    rows = MaskRows(NAMES, 255, seen_by("letterbox"))
    logits = torch.zeros(1, 3, 32, 32)
    logits[0, 1, 8:24] = 9.0  # the image between its bars; of these nothing is known
    (row,) = rows.rows(logits, [(32, 64)])
    assert row["shares"] == {"left": 1.0}
    assert row["confidence"] == pytest.approx(float(torch.tensor([0.0, 9.0, 0.0]).softmax(0)[1]))
