"""Sources of small images of many shapes."""

from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image

from sightline.data.sources.source import Source

RNG = np.random.default_rng(0)


def noise(height, width):
    return RNG.integers(0, 256, (height, width, 3), dtype=np.uint8)


def of_files(paths):
    count = len(paths)
    return Source.of_classes(
        ids=tuple(Path(path).name for path in paths),
        labels=np.arange(count) % 2,
        class_names=("a", "b"),
        roles=(None,) * count,
        files=tuple(paths),
    )


def of_pixels(pixels):
    count = len(pixels)
    return Source.of_classes(
        tuple(map(str, range(count))), np.arange(count) % 2, ("a", "b"), (None,) * count, pixels=pixels
    )


@pytest.fixture
def ragged(tmp_path):
    """Nine files of different shapes; the fourth and the last are broken."""
    folder = tmp_path / "images"
    folder.mkdir()
    paths = []
    for number, (height, width) in enumerate(
        [(8, 8), (12, 6), (30, 20), (9, 9), (5, 40), (8, 8), (20, 21), (1, 1), (7, 7)]
    ):
        path = folder / f"{number}.png"
        Image.fromarray(noise(height, width)).save(path)
        paths.append(path)
    paths[3].write_bytes(paths[3].read_bytes()[:80])
    paths[8].write_bytes(b"")
    return of_files(paths)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """240 small images of many shapes, a few of them broken."""
    folder = tmp_path_factory.mktemp("images")
    rng = np.random.default_rng(0)
    paths = []
    for number in range(240):
        array = rng.integers(0, 256, (4 + number % 7, 5 + number % 5, 3), dtype=np.uint8)
        path = folder / f"{number:03d}.{'tiff' if number % 40 == 7 else 'png'}"
        Image.fromarray(array).save(path, **({"compression": "tiff_lzw"} if path.suffix == ".tiff" else {}))
        if number % 40 == 7:
            content = bytearray(path.read_bytes())
            content[9:30] = b"\xff" * 21
            path.write_bytes(content)
        paths.append(str(path))
    return paths


def joined(chunks):
    chunks = list(chunks)
    return [entry for entries, _ in chunks for entry in entries], b"".join(pixels for _, pixels in chunks)


def children():
    started = psutil.Process().children(recursive=True)
    return [child for child in started if "sightline.data.store.entries" in child.cmdline()]
