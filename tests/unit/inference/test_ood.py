"""Which images of other data are asked about."""

import numpy as np

from sightline.data.sources.source import Source
from sightline.inference.ood import _held_out


def source(roles: tuple[str | None, ...]) -> Source:
    n = len(roles)
    return Source.of_classes(
        ids=tuple(f"i{number}" for number in range(n)),
        labels=np.zeros(n, dtype=np.int64),
        class_names=("a", "b"),
        roles=roles,
        pixels=np.zeros((n, 4, 4, 3), dtype=np.uint8),
    )


def test_their_test_split_or_all():
    assert _held_out(source(("train", "test", "test"))).ids == ("i1", "i2")
    assert _held_out(source((None, "train", None))).ids == ("i0", "i1", "i2")
