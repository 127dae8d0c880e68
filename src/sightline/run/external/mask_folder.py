"""Masks of another tool as pictures: `DIR/test/predicted/ID.png` beside `DIR/test/truth/ID.png`.

Pictures hold the class of each pixel, as palette or grey; 255 in the truth counts for nothing. `DIR/classes.txt` names
the classes, one a line. Or they hold colours, which `DIR/classes.csv` names. `DIR/groups.csv` says what images belong
together.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from sightline.errors import UsageError
from sightline.metrics.segmentation.predictions import MaskPredictions
from sightline.run.external.mask_tables import COLOURS, IGNORED, MaskClasses, read_classes, read_groups
from sightline.run.external.prediction_file import PredictionFile

PREDICTED, TRUTH = "predicted", "truth"
COLOURED = ("RGB", "RGBA")
MODES = ("P", "L", "1")
"""Of Pillow: a number a pixel."""


def holds_masks(folder: Path, split: str) -> bool:
    """Whether a folder holds pictures of a split."""
    return (folder / split / PREDICTED).is_dir() and (folder / split / TRUTH).is_dir()


def mask_files(folder: Path, split: str) -> list[Path]:
    """Every picture of a split, in order."""
    return [path for kind in (PREDICTED, TRUTH) for path in sorted((folder / split / kind).rglob("*.png"))]


def read(folder: Path, split: str) -> PredictionFile:
    """Count the pixels of every image.

    Raises:
        UsageError: images lack their truth or their prediction, sizes differ, a picture holds no numbers of classes, a
            file is no PNG.
    """
    predicted, truth = (_by_id(folder / split / kind) for kind in (PREDICTED, TRUTH))
    _check_ids(folder / split, predicted, truth)
    known = read_classes(folder)
    cells = [_cells(predicted[name], truth[name], name, known) for name in truth]
    highest = max((int(max(own.max(), other.max())) for own, other, _, _ in cells if len(own)), default=-1)
    names = known.names
    classes = len(names) if names else max(2, highest + 1)
    if highest >= classes:
        raise UsageError(
            f"{folder / split}: a mask holds the class {highest}, {known.origin} names {classes}, counted from 0"
        )
    confusions = np.zeros((len(cells), classes, classes), dtype=np.int64)
    for matrix, (own, other, counts, _) in zip(confusions, cells, strict=True):
        matrix[own, other] = counts
    none = np.zeros(0, dtype=np.int64)
    ignored = np.array([one[3] for one in cells], dtype=np.int64)
    ids = np.array(list(truth), dtype=np.str_)
    found = MaskPredictions(ids, confusions, ignored, np.zeros((0, classes), np.float32), none, none)
    return PredictionFile(found, read_groups(folder, list(truth)), names, ())


def _by_id(folder: Path) -> dict[str, Path]:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    if strays := [path for path in files if path.suffix != ".png"]:
        raise UsageError(f"{strays[0]} is no mask ({len(strays)} such in {folder}): masks are files ending in .png")
    return {path.relative_to(folder).with_suffix("").as_posix(): path for path in files}


def _check_ids(folder: Path, predicted: dict[str, Path], truth: dict[str, Path]) -> None:
    lacking = [name for name in truth if name not in predicted]
    surplus = [name for name in predicted if name not in truth]
    if lacking or surplus or not truth:
        example = f", such as {(lacking or surplus)[0]}" if lacking or surplus else ""
        raise UsageError(
            f"{folder}: of {len(truth)} images in {TRUTH} {len(lacking)} are missing in {PREDICTED}, and "
            f"{len(surplus)} in {PREDICTED} have no {TRUTH}{example}; both take the same names, ending in .png"
        )


def _cells(
    predicted: Path, truth: Path, name: str, known: MaskClasses
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], int]:
    """The pairs of classes in an image, true and predicted, how many pixels each has, and how many are ignored."""
    own, other = _numbers(truth, known), _numbers(predicted, known)
    if own.shape != other.shape:
        sizes = " and ".join(f"{array.shape[1]} x {array.shape[0]}" for array in (other, own))
        raise UsageError(
            f"{predicted}: masks of {name} are {sizes} pixels, predicted and true; bring the prediction to the size "
            "of the truth, without mixing classes (nearest)"
        )
    counted = own != IGNORED
    if (other[counted] == IGNORED).any():
        raise UsageError(f"{predicted} holds {IGNORED} where the truth counts; a prediction takes a class everywhere")
    pairs, counts = np.unique(own[counted] * 256 + other[counted], return_counts=True)
    return pairs // 256, pairs % 256, counts.astype(np.int64), int((~counted).sum())


def _numbers(path: Path, known: MaskClasses) -> NDArray[np.int64]:
    """(h, w) the class of each pixel."""
    try:
        with Image.open(path) as image:
            if image.mode in COLOURED and known.ids:
                return _of_colours(np.asarray(image.convert("RGB")).astype(np.int64), known, path)
            if image.mode not in MODES:
                raise UsageError(
                    f"{path} is {image.mode}; a mask takes one number a pixel, as palette (P) or grey (L): the class; "
                    f"or colours that {COLOURS} names"
                )
            return np.asarray(image).astype(np.int64)
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError) as error:
        raise UsageError(f"{path} is no picture that can be read: {error}") from error


def _of_colours(pixels: NDArray[np.int64], known: MaskClasses, path: Path) -> NDArray[np.int64]:
    """(h, w) the class of each pixel (h, w, 3).

    Raises:
        UsageError: a colour is of no class.
    """
    packed = pixels[..., 0] << 16 | pixels[..., 1] << 8 | pixels[..., 2]
    found, places = np.unique(packed, return_inverse=True)
    if strange := [colour for colour in found.tolist() if colour not in known.ids]:
        red, green, blue = strange[0] >> 16, strange[0] >> 8 & 255, strange[0] & 255
        raise UsageError(f"{path} holds rgb({red},{green},{blue}), which {known.origin} gives to no class")
    return np.array([known.ids[colour] for colour in found.tolist()], dtype=np.int64)[places].reshape(packed.shape)
