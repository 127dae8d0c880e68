"""CIFAR-10 as torchvision reads it: from its folder or archive under a root, else fetched.

Krizhevsky, "Learning multiple layers of features from tiny images" (2009). The files are pickles, which could run any
code: torchvision compares each with its published md5 before it opens it, and only those of torchvision's own class are
ever asked for.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from torchvision.datasets import CIFAR10

from sightline.data.sources.cifar10_files import check_folder, unpacked
from sightline.data.sources.source import Source
from sightline.errors import UsageError


def find_cifar10(root: Path, download: bool, data_set: type[CIFAR10] = CIFAR10) -> Source:
    """All items of both splits, with ids such as `train/00017`.

    Args:
        root: of the folder or the archive.
        download: whether to fetch the archive where it is not there.
        data_set: torchvision's class, which knows names and md5 of the files.

    Raises:
        UsageError: CIFAR-10 is neither under `root` nor to be had, or is damaged.
    """
    splits = _read(root, ("train", "test"), download, data_set)
    # The planes are kept as they come, (n, 3, 32, 32): seen the other way they cost no copy.
    planes = np.concatenate([split.data.transpose(0, 3, 1, 2) for split in splits.values()])
    return Source.of_classes(
        ids=tuple(f"{name}/{number:05d}" for name, split in splits.items() for number in range(len(split))),
        labels=np.array([label for split in splits.values() for label in split.targets], dtype=np.int64),
        class_names=tuple(splits["train"].classes),
        roles=tuple(name for name, split in splits.items() for _ in range(len(split))),
        pixels=planes.transpose(0, 2, 3, 1),
    )


def load_raw_cifar10(
    root: Path, split: Literal["train", "test"], download: bool = False, data_set: type[CIFAR10] = CIFAR10
) -> tuple[NDArray[np.uint8], NDArray[np.int64], tuple[str, ...]]:
    """One split as it is, to explore: (n, 32, 32, 3) pixels, (n,) labels, the ten names.

    Raises:
        UsageError: CIFAR-10 is neither under `root` nor to be had, or is damaged.
    """
    found = _read(Path(root), (split,), download, data_set)[split]
    return np.ascontiguousarray(found.data), np.array(found.targets, dtype=np.int64), tuple(found.classes)


def _read(root: Path, splits: Sequence[str], download: bool, data_set: type[CIFAR10]) -> dict[str, CIFAR10]:
    """Splits by name.

    Raises:
        UsageError: there is neither folder, nor archive, nor network, or a file is damaged or cannot be read.
    """
    try:
        with unpacked(root, download, data_set) as place:
            try:
                return {split: data_set(place, train=split == "train") for split in splits}
            except RuntimeError:  # torchvision's word for another md5; ours says of which file
                check_folder(place, data_set)
                raise
    except OSError as error:
        raise UsageError(f"data.root={root} cannot be read: {error.strerror}: {error.filename}") from error
