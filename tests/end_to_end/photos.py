"""Photos as people have them: odd sizes, every EXIF rotation, every mode that a file can have."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image

from tests.conftest import draw_shape

ROTATIONS = range(1, 9)


def _plain(photo: Image.Image, place: Path, **how: object) -> Path:
    photo.save(place, **how)
    return place


def _rotated(photo: Image.Image, place: Path, orientation: int) -> Path:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    photo.save(place, exif=exif, quality=90)
    return place


def _sixteen_bits(photo: Image.Image) -> Image.Image:
    return Image.fromarray(np.asarray(photo.convert("L")).astype(np.uint16) * 257)


def _see_through(photo: Image.Image) -> Image.Image:
    alpha = np.linspace(0, 255, photo.size[0], dtype=np.uint8)[None].repeat(photo.size[1], axis=0)
    return Image.merge("RGBA", [*photo.split(), Image.fromarray(alpha)])


WAYS: dict[str, Callable[[Image.Image, Path], Path]] = {
    **{
        f"exif{turn}": lambda photo, place, turn=turn: _rotated(photo, place.with_suffix(".jpg"), turn)
        for turn in ROTATIONS
    },
    "grey": lambda photo, place: _plain(photo.convert("L"), place.with_suffix(".jpg")),
    "cmyk": lambda photo, place: _plain(photo.convert("CMYK"), place.with_suffix(".jpg"), quality=95),
    "progressive": lambda photo, place: _plain(photo, place.with_suffix(".jpg"), progressive=True),
    "palette": lambda photo, place: _plain(photo.quantize(32), place.with_suffix(".png")),
    "rgba": lambda photo, place: _plain(_see_through(photo), place.with_suffix(".png")),
    "la": lambda photo, place: _plain(_see_through(photo).convert("LA"), place.with_suffix(".png")),
    "bits": lambda photo, place: _plain(photo.convert("1"), place.with_suffix(".png")),
    "sixteen": lambda photo, place: _plain(_sixteen_bits(photo), place.with_suffix(".png")),
    "tiff16": lambda photo, place: _plain(_sixteen_bits(photo), place.with_suffix(".tif")),
    "gif": lambda photo, place: _plain(photo, place.with_suffix(".gif")),
    "webp": lambda photo, place: _plain(photo, place.with_suffix(".webp"), quality=80),
    "bmp": lambda photo, place: _plain(photo, place.with_suffix(".bmp")),
}


def take_photos(root: Path, count: int, largest: int = 400) -> list[Path]:
    """So many photos of two classes in `root`, from 20 pixels to `largest`, some of them narrow."""
    rng, taken = np.random.default_rng(3), []
    for label, name in enumerate(("lying", "upright")):
        (root / name).mkdir(parents=True)
        for number in range(label, count, 2):
            way = list(WAYS)[number % len(WAYS)]
            width, height = (int(side) for side in np.exp(rng.uniform(np.log(20), np.log(largest), 2)))
            photo = draw_shape(rng, 1 - label, (width, height))
            taken.append(WAYS[way](photo, root / name / f"{number:03}-{way}.png"))
    return sorted(taken)
