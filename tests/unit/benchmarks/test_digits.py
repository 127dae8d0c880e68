from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.digits import SIDE, write_digits


def test_every_class_is_there_and_no_two_files_are_equal(tmp_path: Path):
    write_digits(tmp_path, {"train": 2000, "test": 50})
    files = sorted((tmp_path / "train").rglob("*.jpg"))
    assert len(files) == 2000
    assert len(list((tmp_path / "test").rglob("*.jpg"))) == 50
    assert sorted(folder.name for folder in (tmp_path / "train").iterdir()) == [str(digit) for digit in range(10)]
    pixels = {path: np.asarray(Image.open(path)) for path in files}
    assert {image.shape for image in pixels.values()} == {(SIDE, SIDE, 3)}
    assert len({image.tobytes() for image in pixels.values()}) == 2000


def test_they_come_out_the_same_each_time(tmp_path: Path):
    one, other = (write_digits(tmp_path / name, {"train": 20}) for name in ("one", "other"))
    for path in sorted(one.rglob("*.jpg")):
        assert path.read_bytes() == (other / path.relative_to(one)).read_bytes()
