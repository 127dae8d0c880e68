"""The 1,797 handwritten digits inside scikit-learn: data that is always there."""

import functools
import importlib.util
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sightline.data.sources.source import Source
from sightline.errors import UsageError

DARKEST, SIDE, CLASSES = 16, 8, 10
FILE = "datasets/data/digits.csv.gz"


def find_digits() -> Source:
    """The digits as 8 x 8 images of three equal channels; their values 0 to 16 become 0 to 255.

    Raises:
        UsageError: scikit-learn is not installed, or holds no digits.
    """
    table = _table()
    grey = np.rint(table[:, :-1].reshape(-1, SIDE, SIDE) * (255 / DARKEST)).astype(np.uint8)
    return Source.of_classes(
        ids=tuple(f"{number:04d}" for number in range(len(grey))),
        labels=table[:, -1].astype(np.int64),
        class_names=tuple(str(name) for name in range(CLASSES)),
        roles=(None,) * len(grey),
        pixels=np.repeat(grey[..., None], 3, axis=-1),
    )


@functools.cache
def _table() -> NDArray[np.float64]:
    """(1797, 65): 64 values and the digit; from scikit-learn's file, for importing it takes two seconds."""
    found = importlib.util.find_spec("sklearn")
    path = Path(found.origin).parent / FILE if found and found.origin else None
    if path is None or not path.is_file():
        raise UsageError("data=digits reads a file of scikit-learn, which is not here; `bash run.sh setup` installs it")
    return np.loadtxt(path, delimiter=",")
