"""Masks of another tool in an npz file: a confusion matrix an image, and logits of some pixels where there are any."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sightline.errors import UsageError
from sightline.metrics.segmentation.predictions import MaskPredictions
from sightline.run.external.prediction_file import PredictionFile

CONFUSIONS = "confusions"
"""The array by which such a file is known."""
PIXELS = ("pixel_logits", "pixel_labels", "pixel_images")
"""Of the sampled pixels: all three, or none."""


def masks_of(path: Path, found: Mapping[str, NDArray[Any]], texts: Mapping[str, NDArray[np.str_]]) -> PredictionFile:
    """The predictions from the arrays of a file.

    Args:
        path: of the file.
        found: its arrays by name.
        texts: those of them that are names.

    Raises:
        UsageError: an array lacks, has another shape or holds something else.
    """
    ids, confusions = texts["ids"], _counts(path, CONFUSIONS, found[CONFUSIONS])
    n, classes = len(ids), confusions.shape[-1]
    given = [name for name in PIXELS if name in found]
    if given and len(given) < len(PIXELS):
        raise UsageError(f"{path}: {', '.join(given)} alone; sampled pixels take {', '.join(PIXELS)}")
    none = np.zeros(0, dtype=np.int64)
    arrays: dict[str, NDArray[Any]] = {
        "ids": ids,
        CONFUSIONS: confusions,
        "ignored": _counts(path, "ignored", found["ignored"]) if "ignored" in found else np.zeros(n, dtype=np.int64),
        "pixel_logits": np.asarray(found["pixel_logits"], np.float32) if given else np.zeros((0, classes), np.float32),
        "pixel_labels": _counts(path, "pixel_labels", found["pixel_labels"]) if given else none,
        "pixel_images": _counts(path, "pixel_images", found["pixel_images"]) if given else none,
    }
    for name, shape in (("groups", (n,)), ("class_names", (classes,))):
        if name in texts and texts[name].shape != shape:
            raise UsageError(f"{path}: {name} {texts[name].shape} for {n} ids and {classes} classes")
    try:
        predictions = MaskPredictions.from_arrays(arrays)
    except (ValueError, IndexError) as error:
        raise UsageError(f"{path}: {error}") from error
    if not np.isfinite(predictions.pixel_logits).all():
        raise UsageError(f"{path}: pixel_logits hold a number that is NaN or infinite")
    names = tuple(texts["class_names"].tolist()) if "class_names" in texts else None
    return PredictionFile(predictions, texts.get("groups"), names, ())


def _counts(path: Path, name: str, array: NDArray[Any]) -> NDArray[np.int64]:
    """Whole numbers from 0."""
    if array.dtype.kind not in "iuf" or not array.ndim or not (array == np.floor(array)).all() or (array < 0).any():
        raise UsageError(f"{path}: {name} are {array.dtype}; they take whole numbers from 0")
    if (array > 2**53).any():
        raise UsageError(f"{path}: {name} hold {array.max()}, which is no count of pixels")
    return array.astype(np.int64)
