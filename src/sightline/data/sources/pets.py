"""The Oxford-IIIT Pet data set as torchvision reads it: a breed and a trimap for each image.

Parkhi, Vedaldi, Zisserman and Jawahar, "Cats and dogs" (2012).
"""

from pathlib import Path
from typing import Final, Literal

import numpy as np
from torchvision.datasets import OxfordIIITPet

from sightline.data.sources.source import Source
from sightline.data.targets import LABEL, MASK, ClassTarget, MaskCodes, MaskTarget
from sightline.errors import UsageError

Border = Literal["class", "ignore"]

SPLITS: Final = {"trainval": "train", "test": "test"}
"""torchvision's splits and their roles."""

IGNORE: Final = 255
CLASSES: Final = ("pet", "background", "border")
"""What 1, 2 and 3 of a trimap mean."""


def find_pets(root: Path, border: Border, download: bool, data_set: type[OxfordIIITPet] = OxfordIIITPet) -> Source:
    """All images of both splits, with ids such as `Abyssinian_100.jpg`.

    Args:
        root: above `oxford-iiit-pet/`.
        border: whether the border of a pet is a class, or does not count.
        download: whether to fetch what is not there.
        data_set: torchvision's class.

    Raises:
        UsageError: the data set is neither under `root` nor to be had, or an annotation is damaged.
    """
    try:
        splits = {role: data_set(root, split=split, download=download) for split, role in SPLITS.items()}
    except (RuntimeError, OSError, ValueError) as error:
        why = "data.download=false" if isinstance(error, RuntimeError) and not download else str(error)
        raise UsageError(
            f"data.root={root} holds no Oxford-IIIT Pet data set ({why}): it takes oxford-iiit-pet/images/*.jpg, "
            "annotations/trainval.txt, annotations/test.txt and annotations/trimaps/*.png"
        ) from error
    classes = splits["train"].classes
    files = tuple(Path(path) for split in splits.values() for path in split._images)
    trimaps = tuple(Path(path) for split in splits.values() for path in split._segs)
    order = sorted(range(len(classes)), key=classes.__getitem__)
    place = np.empty(len(classes), dtype=np.int64)
    place[order] = np.arange(len(classes))
    labels = place[np.array([label for split in splits.values() for label in split._labels], dtype=np.int64)]
    kept = CLASSES if border == "class" else CLASSES[:2]
    codes = MaskCodes((1, 2, 3), (0, 1, 2 if border == "class" else IGNORE), are_colours=False)
    return Source(
        ids=tuple(file.name for file in files),
        targets={
            LABEL: ClassTarget(labels, tuple(classes[number] for number in order)),
            MASK: MaskTarget(trimaps, kept, IGNORE, codes),
        },
        strata=labels,
        roles=tuple(role for role, split in splits.items() for _ in split._images),
        files=files,
    )
