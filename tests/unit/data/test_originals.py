from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from sightline.data.dataset import Dataset
from sightline.data.originals import folder_of, original
from sightline.data.reduction import Reduction
from sightline.data.sources.source import Source
from sightline.data.splits.split import Split
from sightline.data.store.factory import open_store


def dataset(source: Source, tmp_path: Path, side: int) -> Dataset:
    split = Split(source.ids, ("h",) * len(source), source.targets, None, np.array(["test"] * len(source)), 0)
    return Dataset(
        split, open_store(source, Reduction(side), tmp_path, 1), np.arange(len(source)), True, files=source.files
    )


def test_a_photo_is_read_anew_at_the_size_that_was_asked_for(tmp_path: Path):
    files = [tmp_path / "a" / f"{number} #.png" for number in range(2)]
    files[0].parent.mkdir()
    for file in files:
        Image.new("RGB", (300, 200), "red").save(file)
    ids = tuple(f"a/{file.name}" for file in files)
    source = Source.of_classes(ids, np.array([0, 1]), ("x", "y"), (None, None), files=tuple(files))
    found = dataset(source, tmp_path / "store", 16)
    shown = original(found, 0, 100)
    assert shown is not None
    assert shown.shape == (100, 150, 3)
    assert folder_of(found) == f"{tmp_path}/"
    files[1].write_bytes(b"torn")
    assert original(found, 1, 100) is None
    assert folder_of(replace(found, files=(files[0], tmp_path / "elsewhere.png"))) == ""


def test_images_without_files_are_taken_from_the_store(tmp_path: Path):
    pixels = np.random.default_rng(0).integers(0, 255, (2, 8, 8, 3), dtype=np.uint8)
    source = Source.of_classes(("0", "1"), np.array([0, 1]), ("x", "y"), (None, None), pixels=pixels)
    found = dataset(source, tmp_path, 8)
    np.testing.assert_array_equal(original(found, 1, 100), pixels[1])
    assert folder_of(found) == ""
