"""The handwritten digits inside scikit-learn as JPEG files, for machines that can fetch nothing."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from sightline.data.sources.digits import find_digits

SIDE, GRAIN = 32, 12.0
SIZES = {"train": 10_000, "test": 1_000}


def write_digits(root: Path, sizes: dict[str, int] | None = None, seed: int = 0) -> Path:
    """Fill a folder with `train/<class>/….jpg` and `test/<class>/….jpg`, 32 px, and return it.

    Each digit is taken several times, shifted and with grain of its own, so that no two files are equal and one takes
    about as long to decode as a photograph of this size.
    """
    digits, rng = find_digits(), np.random.default_rng(seed)
    for split, size in (sizes or SIZES).items():
        for number, (label, image) in enumerate(_drawn(digits.labels, digits.pixels, size, rng)):
            folder = root / split / digits.class_names[label]
            folder.mkdir(parents=True, exist_ok=True)
            image.save(folder / f"{number:05}.jpg", quality=90)
    return root


def _drawn(
    labels: np.ndarray, pixels: np.ndarray | None, size: int, rng: np.random.Generator
) -> Iterator[tuple[int, Image.Image]]:
    assert pixels is not None
    for number in range(size):
        which = number % len(labels)
        large = Image.fromarray(pixels[which]).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
        shifted = np.roll(np.asarray(large, dtype=np.float32), rng.integers(-3, 4, size=2), axis=(0, 1))
        grained = shifted + rng.normal(0, GRAIN, shifted.shape)
        yield int(labels[which]), Image.fromarray(grained.clip(0, 255).astype(np.uint8))
