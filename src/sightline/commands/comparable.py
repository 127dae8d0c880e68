"""Whether the trainings of a study will be measured on the same test items, as far as their configurations tell."""

import json
from collections.abc import Iterable, Mapping

import numpy as np

from sightline.config.groups import RESULT_NEUTRAL
from sightline.config.schema import Config
from sightline.data.sources.find import find
from sightline.data.sources.source import limited
from sightline.data.splits.assignment import make_split
from sightline.data.targets import ClassTarget, of_kind
from sightline.errors import UsageError

Items = Mapping[str, tuple[str, ...]]
"""The classes of each test item, by its id."""


def check_comparable(members: Iterable[tuple[str, Config]]) -> None:
    """Refuse trainings that could not be compared afterwards, before the first of them.

    Images of equal content count as different here, and near copies stand alone even under
    `data.duplicates=keep_together`, since nothing is decoded yet: what only they change is told later.

    Args:
        members: what each is called, and its configuration.

    Raises:
        UsageError: the data of one have no test split, or two have other test items or other labels of them.
    """
    known: dict[str, Items] = {}
    first: tuple[str, Items] | None = None
    for name, config in members:
        key = _key(config)
        if key not in known:
            known[key] = _test_items(config)
        items = known[key]
        if not items:
            raise UsageError(f"{name}: its data hold no test split to compare on; take data.test_fraction=0.2")
        if first is None:
            first = name, items
        elif items != first[1]:
            raise UsageError(
                f"variants: {first[0]!r} and {name!r} cannot be compared, {_difference(first[1], items)}; "
                "limit, data and data.split_seed must leave all the same test items"
            )


def _key(config: Config) -> str:
    """What decides which items there are and who is in which split."""
    data = config.data.model_dump(mode="json")
    kept = {key: value for key, value in data.items() if f"data.{key}" not in RESULT_NEUTRAL}
    return json.dumps([kept, config.limit])


def _test_items(config: Config) -> Items:
    """The test items of a training, from the names of the images alone."""
    source = limited(find(config.data), config.limit, config.data.split_seed)
    split = make_split(source, source.ids, config.data, source.ids)
    targets = of_kind(source.targets, ClassTarget).values()
    return {
        source.ids[place]: tuple(
            target.class_names[target.values[place]] if target.values[place] >= 0 else "" for target in targets
        )
        for place in np.flatnonzero(split.roles == "test").tolist()
    }


def _difference(one: Items, other: Items) -> str:
    if one.keys() == other.keys():
        item = next(item for item in one if one[item] != other[item])
        return f"the label of {item} is {' '.join(one[item])} there and {' '.join(other[item])} here"
    shared = len(one.keys() & other.keys())
    return f"they have {len(one)} and {len(other)} test items and share {shared}"
