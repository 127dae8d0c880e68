"""What a model said about the pixels of a set of images, in the little that every later number needs of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sightline.metrics.predictions import Arrays


@dataclass(frozen=True)
class MaskPredictions:
    """Counts of pixels for each of `n` images, and logits and truth of `m` pixels sampled from them.

    Images are the resampling units, so each keeps a confusion matrix of its own; logits of all pixels are not kept.
    Calibration is measured on the sampled ones.

    Attributes:
        ids: (n,) strings, unique.
        confusions: (n, classes, classes) int64, pixels of each image by their class and the predicted one; those that
            the truth says to ignore are not counted.
        ignored: (n,) int64, pixels of each image that the truth says to ignore.
        pixel_logits: (m, classes) float32, before softmax.
        pixel_labels: (m,) int64.
        pixel_images: (m,) int64, the place in `ids` of the image that each sampled pixel is of, ascending.
    """

    ids: NDArray[np.str_]
    confusions: NDArray[np.int64]
    ignored: NDArray[np.int64]
    pixel_logits: NDArray[np.float32]
    pixel_labels: NDArray[np.int64]
    pixel_images: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ids)

    def to_arrays(self) -> Arrays:
        """Its arrays as they are stored."""
        return {
            "ids": self.ids,
            "confusions": self.confusions,
            "ignored": self.ignored,
            "pixel_logits": self.pixel_logits,
            "pixel_labels": self.pixel_labels,
            "pixel_images": self.pixel_images,
        }

    @staticmethod
    def from_arrays(arrays: Mapping[str, NDArray[Any]]) -> "MaskPredictions":
        """What `to_arrays` gave.

        Raises:
            ValueError: the arrays do not fit each other.
        """
        found = MaskPredictions(
            arrays["ids"],
            arrays["confusions"],
            arrays["ignored"],
            arrays["pixel_logits"],
            arrays["pixel_labels"],
            arrays["pixel_images"],
        )
        n, classes = len(found.ids), found.confusions.shape[-1]
        m = len(found.pixel_labels)
        shapes = [array.shape for array in (found.confusions, found.ignored, found.pixel_logits, found.pixel_images)]
        if shapes != [(n, classes, classes), (n,), (m, classes), (m,)]:
            raise ValueError(f"{n} ids and {m} pixels, but arrays of {', '.join(map(str, shapes))} do not fit together")
        if m and not (found.pixel_images.min() >= 0 and found.pixel_images.max() < n):
            raise ValueError(f"pixels are of images {found.pixel_images.min()} to {found.pixel_images.max()}, of {n}")
        if m and not (found.pixel_labels.min() >= 0 and found.pixel_labels.max() < classes):
            raise ValueError(f"labels run to {found.pixel_labels.max()}, of {classes} classes")
        return found

    @staticmethod
    def joined(parts: Sequence["MaskPredictions"]) -> "MaskPredictions":
        """The images of several parts, one after the other."""
        starts = np.cumsum([0, *(len(part) for part in parts)])
        shifted = [part.pixel_images + start for part, start in zip(parts, starts[:-1], strict=True)]
        return MaskPredictions(
            np.concatenate([part.ids for part in parts]),
            np.concatenate([part.confusions for part in parts]),
            np.concatenate([part.ignored for part in parts]),
            np.concatenate([part.pixel_logits for part in parts]),
            np.concatenate([part.pixel_labels for part in parts]),
            np.concatenate(shifted),
        )
