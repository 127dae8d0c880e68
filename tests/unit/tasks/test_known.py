"""A target that no item of train or val bears is refused."""

import numpy as np
import pytest

from sightline.data.splits.split import Split
from sightline.data.targets import ClassTarget, MaskHashes
from sightline.errors import UsageError
from sightline.tasks.known import check_known, known

LABEL = ClassTarget(np.array([0, -1, 1, -1]), ("a", "b"))
MASK = MaskHashes((None, "x", None, "y"), ("a", "b"), 255)


def test_which_items_bear_a_target():
    assert known(LABEL).tolist() == [True, False, True, False]
    assert known(MASK).tolist() == [False, True, False, True]


def test_a_split_without_any_is_refused():
    roles = np.array(["train", "train", "val", "test"])
    split = Split(("1", "2", "3", "4"), ("",) * 4, {"label": LABEL, "mask": MASK}, None, roles, 0)
    check_known(split, "label")
    with pytest.raises(UsageError, match="no image of the val split has a mask"):
        check_known(split, "mask")
