"""Of images of any shape all is trained on and measured, unless a square out of the middle is what was asked for."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import sightline as package
from tests.conftest import Command

TINY = ("training.epochs=1", "tracking=none", "training.batch_size=8", "mode.stages=[validate,train,evaluate]")
HEIGHT, WIDTH = 40, 210


@pytest.mark.slow
def test_masks_of_long_images_are_measured_from_end_to_end(sightline: Command, tmp_path: Path):
    words = ("data=shapes", "data.images=40", f"data.height={HEIGHT}", f"data.width={WIDTH}", f"runs_dir={tmp_path}")
    answer = sightline("train", "model=unet", "model.width=8", *words, *TINY)
    assert answer.status == 0, answer.err
    run = (tmp_path / "latest").resolve()
    with np.load(run / "predictions/test.npz") as found:
        assert (found["confusions"].sum(axis=(1, 2)) == HEIGHT * WIDTH).all()
    photo = np.random.default_rng(0).integers(0, 256, (33, 300, 3), dtype=np.uint8)
    mask = package.load(run).predict(photo)["mask"]
    assert mask.shape == (33, 300)
    assert (mask < 255).all(), "all of it was seen"


@pytest.mark.slow
@pytest.mark.parametrize("fit", ["squash", "letterbox"])
def test_what_lies_at_the_ends_of_long_photos_is_learned_where_all_of_them_is_seen(
    sightline: Command, tmp_path: Path, fit: str
):
    rng, photos = np.random.default_rng(0), tmp_path / "photos"
    for number in range(80):
        pixels = rng.integers(0, 40, (24, 96, 3), dtype=np.uint8)
        pixels[:, :16] = (230, 40, 40) if number % 2 else (40, 40, 230)
        place = photos / ("red" if number % 2 else "blue") / f"{number}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(place)
    words = ("model.width=8", "data=folder", f"data.root={photos}", f"runs_dir={tmp_path}/runs", f"fit={fit}")
    answer = sightline("train", "model=cnn", *words, *TINY, "training.epochs=6", "image_size=32")
    assert answer.status == 0, answer.err
    measured = json.loads((tmp_path / "runs/latest/evaluation.json").read_text())
    assert measured["metrics"]["accuracy"]["value"] > 0.95
