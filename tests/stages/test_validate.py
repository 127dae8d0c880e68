"""The data gate: every image in one split, or a refusal before anything is trained."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import Command
from tests.stages.conftest import load, strangers, times


def test_every_image_has_one_split(sightline: Command, on_bars: tuple[str, ...], tmp_path: Path):
    answer = sightline("validate", *on_bars, f"runs_dir={tmp_path}")
    assert answer.status == 0, answer.err
    run = next(tmp_path.glob("*-cnn/*"))
    split = load(run, "split.json")
    ids = [name for part in split["items"].values() for name in part["ids"]]
    assert len(ids) == len(set(ids)) == 64
    assert set(times(run)) - {"config.yaml", "provenance.json"} == {
        *("log.txt", "split.json", "validation.json", "duplicates.csv", "figures/class_balance.png")
    }
    assert not strangers("validate", set(times(run)) - {"config.yaml", "provenance.json"})


def test_what_cannot_be_read_is_refused_by_name(
    sightline: Command, on_bars: tuple[str, ...], bars: Path, tmp_path: Path
):
    shutil.copytree(bars, tmp_path / "data")
    (tmp_path / "data/lying/bad.png").write_bytes(b"no picture")
    words = [f"data.root={tmp_path / 'data'}" if word.startswith("data.root=") else word for word in on_bars]
    answer = sightline("validate", *words, f"runs_dir={tmp_path}")
    assert (answer.status, "lying/bad.png" in answer.err) == (3, True), answer.err
    run = next(tmp_path.glob("*-cnn/*"))
    assert (run / "validation.json").is_file()
    assert not (run / "split.json").exists()


def drawn_pairs(root: Path, count: int = 12) -> Path:
    """Images of 24 x 16 with masks of three classes, where the third is in one image only."""
    for folder in ("images", "masks"):
        (root / folder).mkdir(parents=True)
    rng = np.random.default_rng(0)
    for number in range(count):
        ids = np.zeros((16, 24), dtype=np.uint8)
        ids[:8] = 1
        ids[0, 0] = 2 if number == 0 else 0
        Image.fromarray(rng.integers(0, 255, (16, 24, 3)).astype(np.uint8)).save(root / f"images/{number:02}.png")
        Image.fromarray(ids).save(root / f"masks/{number:02}.png")
    (root / "classes.txt").write_text("ground\nsky\nbird\n")
    return root


def test_masks_are_looked_at_and_counted(sightline: Command, tmp_path: Path):
    root = drawn_pairs(tmp_path / "pairs")
    answer = sightline("validate", "unet", "data=segmentation_folder", f"data.root={root}", f"runs_dir={tmp_path}")
    assert answer.status == 0, answer.err
    run = next(tmp_path.glob("pairs-unet/*"))
    split, validation = load(run, "split.json"), load(run, "validation.json")
    assert split["targets"] == {"mask": {"kind": "mask", "class_names": ["ground", "sky", "bird"], "ignore_index": 255}}
    pixels = validation["pixels"]
    assert sum(sum(counts.values()) for counts in pixels.values()) == 12 * 16 * 24
    assert [sum(counts[name] for counts in pixels.values()) for name in ("bird", "ignored")] == [1, 0]
    assert "bird in " in answer.out + answer.err
    assert "data: pixels in train: " in answer.out + answer.err
    assert "data: 12 images of 3 classes" in answer.out + answer.err


def test_masks_that_cannot_be_used_are_refused_or_left_out(sightline: Command, tmp_path: Path):
    root = drawn_pairs(tmp_path / "pairs")
    Image.new("L", (24, 15)).save(root / "masks/03.png")
    Image.new("L", (24, 16), 7).save(root / "masks/05.png")
    words = ("validate", "unet", "data=segmentation_folder", f"data.root={root}", f"runs_dir={tmp_path}")
    answer = sightline(*words)
    assert answer.status == 3, answer.err
    for part in (
        "2 masks cannot be used",
        "03.png of images/03.png: a mask of 24 x 15 pixels, but its image has 24 x 16",
        "05.png of images/05.png: the number 7 in 384 pixels is of no class",
        "data.validation.unusable_masks=drop",
    ):
        assert part in answer.err
    dropped = sightline(*words, "data.validation.unusable_masks=drop")
    assert dropped.status == 0, dropped.err
    runs = [run for run in tmp_path.glob("pairs-unet/*") if (run / "split.json").exists()]
    assert sum(load(runs[0], "split.json")["counts"].values()) == 10


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("data=digits",), "model=unet learns masks, and data=digits has none; take data=segmentation_folder"),
        (("data=shapes", "transforms=aggressive"), "MixUp and CutMix cannot mix masks: set transforms.mixing.mixup_al"),
        (("data=shapes", "transforms=augmix"), "transforms.policy.name=augmix mixes versions of an image that"),
        (("data=segmentation_folder", "data.root=gone"), "data.root=gone does not exist"),
    ],
)
def test_what_masks_cannot_be_learned_from_is_refused_in_one_line(
    sightline: Command, tmp_path: Path, words: tuple[str, ...], why: str
):
    answer = sightline("validate", "unet", *words, f"runs_dir={tmp_path}")
    assert answer.status == 2, answer.err
    assert why in answer.err
    assert "Traceback" not in answer.err


@pytest.mark.parametrize("model", ["unet", "multitask", "cnn"])
def test_drawn_shapes_fit_every_task(sightline: Command, tmp_path: Path, model: str):
    small = ("data.images=40", "data.height=[24,32]", "data.width=32", "data.labels_missing=0.4")
    answer = sightline("validate", model, "data=shapes", *small, f"runs_dir={tmp_path}")
    assert answer.status == 0, answer.err
    run = next(tmp_path.glob(f"shapes-{model}/*"))
    split = load(run, "split.json")
    assert ("class_names" in split) == (model != "unet")
    assert ("targets" in split) == (model != "cnn")
    left = 40 - sum(split["counts"].values())
    assert (left > 5) == (model == "cnn")
