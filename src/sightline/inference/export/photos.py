"""The images by which an exported file is judged, and how they are batched."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sightline.config.schema import Config
from sightline.data.dataset import list_images
from sightline.data.image_file import DecodeError
from sightline.errors import UsageError
from sightline.inference.export.reference import Reference
from sightline.inference.images import ImageInput
from sightline.inference.model import load_split
from sightline.machine.signals import check_stop
from sightline.metrics.drift.measure import evenly
from sightline.run.folder import Run, SplitName

BATCHES: Final = (1, 2, 7, 32)
SHAPES: Final = ((33, 33), (48, 64), (97, 47), (130, 100), (224, 224), (333, 500), (640, 427), (640, 640))
"""Heights and widths that photos are brought to, pixels."""
ROLES: Final[tuple[SplitName, ...]] = ("val", "calibration", "train")
"""Whose images are taken, the best first; those of the test split are left alone."""


@dataclass(frozen=True)
class Batch:
    """Images of one shape.

    Attributes:
        images: as the predictor takes them.
        pixels: (n, h, w, 3) of them, as an exported file takes them.
        cell: images at once, height and width; None where they are as they came.
    """

    images: Sequence[ImageInput]
    pixels: NDArray[np.uint8]
    cell: tuple[int, int, int] | None


def real_images(config: Config, run: Run, most: int) -> tuple[list[ImageInput], SplitName]:
    """Images of the run, evenly drawn, and the split that they are of.

    Raises:
        UsageError: they are no longer there.
    """
    split, source = load_split(run), list_images(config)
    role = next(role for role in ROLES if len(split.positions(role)))
    names = [split.ids[position] for position in split.positions(role)]
    row_of = {name: row for row, name in enumerate(source.ids)}
    if gone := [name for name in names if name not in row_of]:
        raise UsageError(f"{gone[0]} is no longer among the run's images, by which an export is judged: put it back")
    rows = [row_of[names[place]] for place in evenly(len(names), most)]
    if source.files is not None:
        return [source.files[row] for row in rows], role
    assert source.pixels is not None
    return [source.pixels[row] for row in rows], role


def batches(images: Sequence[ImageInput], reference: Reference) -> Iterator[Batch]:
    """Every image as it came, up to 32 of one shape together; then each as a photo of other sizes, in all batch sizes.

    One that cannot be read is passed over; a run that has any is none the worse.
    """
    readable: list[ImageInput] = []
    for start in range(0, len(images), BATCHES[-1]):
        alike: dict[tuple[int, ...], list[tuple[ImageInput, NDArray[np.uint8]]]] = {}
        for image in images[start : start + BATCHES[-1]]:
            check_stop()
            try:
                pixels = reference.pixels(image)
            except (OSError, DecodeError):
                continue
            alike.setdefault(pixels.shape, []).append((image, pixels))
            readable.append(image)
        for some in alike.values():
            yield Batch([image for image, _ in some], np.stack([pixels for _, pixels in some]), None)
    if not readable:
        raise UsageError("none of the run's images can be read, and an export is judged by them: put them back")
    yield from _resized(readable, reference)


def _resized(images: Sequence[ImageInput], reference: Reference) -> Iterator[Batch]:
    """Rounds over all shapes and batch sizes, until every image was in one."""
    drawn, answered = cycle(images), 0
    while answered < len(images):
        for height, width in SHAPES:
            for count in BATCHES:
                check_stop()
                photos = [_photo(reference.pixels(next(drawn)), height, width) for _ in range(count)]
                yield Batch(photos, np.stack(photos), (count, height, width))
                answered += count


def _photo(pixels: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    return np.array(Image.fromarray(pixels).resize((width, height), Image.Resampling.LANCZOS))
