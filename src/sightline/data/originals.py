"""Images as people know them: the photos themselves, not the small square that a model sees."""

import numpy as np
from numpy.typing import NDArray

from sightline.data.dataset import Dataset
from sightline.data.formats import FULL_WHITE
from sightline.data.image_file import DecodeError
from sightline.data.reduction import Reduction
from sightline.data.store.decode import decode
from sightline.machine.reading import read_regular

Pixels = NDArray[np.uint8]


def original(dataset: Dataset, position: int, side: int, white: int = FULL_WHITE) -> Pixels | None:
    """The image (h, w, 3) of an item, its shorter side reduced to `side`; None where it can no longer be read.

    Images that lie in no file of their own are taken as the store has them.
    """
    if dataset.files is None:
        return _stored(dataset, position)
    try:
        return decode(read_regular(dataset.files[position]), Reduction(side), white=white).pixels
    except (OSError, DecodeError):
        return None


def folder_of(dataset: Dataset) -> str:
    """What stands before the id of each image in the path of its file, `/` at its end; empty where that is not so."""
    if not dataset.files:
        return ""
    files = [str(file.absolute()) for file in dataset.files]
    folder = files[0].removesuffix(dataset.split.ids[0])
    named = zip(files, dataset.split.ids, strict=True)
    return folder if all(file == folder + name for file, name in named) else ""


def _stored(dataset: Dataset, position: int) -> Pixels:
    images, sizes = dataset.store.batch(dataset.rows[[position]])
    height, width = sizes[0].tolist()
    return images[0, :, :height, :width].permute(1, 2, 0).contiguous().numpy()
