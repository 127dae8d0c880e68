"""Whether there is anything to learn a target from, and to measure it by, where items may lack it."""

import numpy as np
from numpy.typing import NDArray

from sightline.data.splits.split import Split
from sightline.data.targets import MISSING, ClassTarget, MaskHashes
from sightline.errors import UsageError


def known(target: ClassTarget | MaskHashes) -> NDArray[np.bool_]:
    """(n,) which items bear a target."""
    if isinstance(target, ClassTarget):
        return np.not_equal(target.values, MISSING)
    return np.array([content is not None for content in target.hashes], dtype=np.bool_)


def check_known(split: Split, name: str) -> None:
    """Refuse to train a target that no item of train or of val bears.

    Raises:
        UsageError: it is so.
    """
    bears = known(split.targets[name])
    for role in ("train", "val"):
        if not bears[split.positions(role)].any():
            raise UsageError(f"no image of the {role} split has a {name}; give some, or take a model without one")
