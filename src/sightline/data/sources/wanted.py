"""What a model learns of what the data hold: the other targets are not read."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sightline.data.sources.remarks import Remark, counted
from sightline.data.sources.source import Source
from sightline.data.targets import LABEL, MASK, MISSING, ClassTarget, MaskTarget
from sightline.errors import UsageError

NOUNS: Final = {LABEL: "a class for each image", MASK: "masks"}
OTHERS: Final = {
    LABEL: "data=folder, data=csv or data=shapes",
    MASK: "data=segmentation_folder, data=pets or data=shapes",
}
"""Data that have such a target."""

BOTH: Final = "data=pets or data=shapes"
"""Data that have both."""


def with_targets(source: Source, names: Sequence[str], model: str, data: str) -> Source:
    """The source with these of its targets alone; items of which none of them is known are left out, and told.

    Args:
        source: with any targets.
        names: of the targets that are learned.
        model: its name, for messages.
        data: likewise.

    Raises:
        UsageError: the source lacks a target, or knows it of no item.
    """
    for name in names:
        if name not in source.targets:
            noun = NOUNS.get(name, name)
            others = BOTH if set(names) >= {LABEL, MASK} else OTHERS.get(name)
            advice = f"; take {others}" if others else ""
            raise UsageError(f"model={model} learns {noun}, and data={data} has none{advice}")
    targets = {name: source.targets[name] for name in names}
    known = {name: _known(target) for name, target in targets.items()}
    for name, items in known.items():
        if not items.any():
            raise UsageError(f"model={model} learns {NOUNS.get(name, name)}, and data={data} has none of any image")
    some = np.any(list(known.values()), axis=0)
    found = replace(source, targets=targets)
    if some.all():
        return found
    number = int((~some).sum())
    words = " or ".join("label" if name == LABEL else name for name in names)
    without = tuple(source.ids[i] for i in np.flatnonzero(~some)[:10])
    message = f"{counted(number, 'image')} without a {words}: left out"
    return replace(
        found.take(some), remarks=(*source.remarks, Remark("without_target", "drop", number, message, without))
    )


def _known(target: ClassTarget | MaskTarget) -> NDArray[np.bool_]:
    """(n,) whether the target of each item is known."""
    if isinstance(target, ClassTarget):
        return np.not_equal(target.values, MISSING)
    return np.array([value is not None for value in target.values], dtype=bool)
