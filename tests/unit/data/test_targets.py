from pathlib import Path

import numpy as np
import pytest

from sightline.data.targets import (
    MISSING,
    ClassTarget,
    MaskHashes,
    MaskTarget,
    class_counts,
    of_kind,
    only_class,
)  # fmt: skip

COLOUR = ClassTarget(np.array([0, 1, MISSING, 1]), ("red", "blue", "green"))
SHAPE = ClassTarget(np.array([0, 0, 1, MISSING]), ("round", "square"))
MASK = MaskTarget((Path("a"), None, Path("c"), None), ("road", "sky"), 255)
HASHES = MaskHashes(("a", None, "c", None), ("road", "sky"), 255)


def test_missing_classes_are_not_counted():
    assert COLOUR.counts().tolist() == [1, 2, 0]
    assert COLOUR.counts(np.array([0, 2])).tolist() == [1, 0, 0]


@pytest.mark.parametrize("target", [COLOUR, MASK, HASHES])
def test_take_keeps_what_belongs_to_all(target):
    part = target.take(np.array([2, 0]))
    assert (len(target), len(part)) == (4, 2)
    assert part.class_names == target.class_names
    assert type(part) is type(target)


def test_columns_follow_their_items():
    assert COLOUR.take(np.array([2, 0])).values.tolist() == [MISSING, 0]
    assert MASK.take(np.array([1, 2])).values == (None, Path("c"))
    assert HASHES.take(np.array([1, 2])).hashes == (None, "c")


def test_targets_by_kind():
    both = {"colour": COLOUR, "mask": MASK, "shape": SHAPE}
    assert list(of_kind(both, ClassTarget)) == ["colour", "shape"]
    assert only_class({"mask": MASK, "shape": SHAPE}) is SHAPE
    with pytest.raises(ValueError, match="there are colour, shape"):
        only_class(both)
    with pytest.raises(ValueError, match="there are none"):
        only_class({"mask": MASK})


def test_classes_of_several_targets_are_told_apart():
    assert class_counts({"colour": COLOUR, "mask": MASK}, [1, 2, 3]) == [("red", 0), ("blue", 2), ("green", 0)]
    counts = class_counts({"colour": COLOUR, "shape": SHAPE}, [0])
    assert counts == [
        ("colour=red", 1),
        ("colour=blue", 0),
        ("colour=green", 0),
        ("shape=round", 1),
        ("shape=square", 0),
    ]
    assert class_counts({"mask": MASK}, [0]) == []
