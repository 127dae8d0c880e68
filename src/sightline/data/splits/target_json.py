"""The targets of a split as `split.json` keeps them.

One class an image stands there as `class_names` and `labels`; every further target under `targets`, by name.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sightline.data.targets import LABEL, ClassTarget, MaskHashes

Targets = Mapping[str, ClassTarget | MaskHashes]
Json = dict[str, Any]


def heads(targets: Targets) -> Json:
    """What is written once: the class names, and what each further target is."""
    label = label_of(targets)
    further = further_targets(targets)
    content: Json = {} if label is None else {"class_names": list(label.class_names)}
    return content | (
        {"targets": {name: head(target) | _drawn(target) for name, target in further.items()}} if further else {}
    )


def columns(targets: Targets) -> Json:
    """What is written of the items of a role."""
    label = label_of(targets)
    further = further_targets(targets)
    content: Json = {} if label is None else {"labels": label.values.tolist()}
    return content | ({"targets": {name: values(target) for name, target in further.items()}} if further else {})


def read_targets(content: Mapping[str, Any], parts: Sequence[Mapping[str, Any]]) -> dict[str, ClassTarget | MaskHashes]:
    """The targets of a whole file and of the parts that it lists, one after the other."""
    targets: dict[str, ClassTarget | MaskHashes] = {}
    if "class_names" in content:
        labels = np.array([label for part in parts for label in part["labels"]], dtype=np.int64)
        targets[LABEL] = ClassTarget(labels, tuple(content["class_names"]))
    for name, about in content.get("targets", {}).items():
        column = [value for part in parts for value in part["targets"][name]]
        class_names = tuple(about["class_names"])
        if about["kind"] == "class":
            targets[name] = ClassTarget(np.array(column, dtype=np.int64), class_names)
        else:
            targets[name] = MaskHashes(tuple(column), class_names, about["ignore_index"], _colours(about))
    return targets


def label_of(targets: Targets) -> ClassTarget | None:
    """The target of one class an image."""
    label = targets.get(LABEL)
    return label if isinstance(label, ClassTarget) else None


def further_targets(targets: Targets) -> Targets:
    """Every other target."""
    label = label_of(targets)
    return {name: target for name, target in targets.items() if target is not label}


def head(target: ClassTarget | MaskHashes) -> Json:
    """What a target is."""
    about: Json = {"kind": "class" if isinstance(target, ClassTarget) else "mask", "class_names": [*target.class_names]}
    return about if isinstance(target, ClassTarget) else about | {"ignore_index": target.ignore_index}


def values(target: ClassTarget | MaskHashes) -> list[Any]:
    """A class, or the hash of a mask, for each item."""
    return target.values.tolist() if isinstance(target, ClassTarget) else list(target.hashes)


def _drawn(target: ClassTarget | MaskHashes) -> Json:
    """The colours of classes, which are no part of what a split is."""
    colours = None if isinstance(target, ClassTarget) else target.colours
    return {} if colours is None else {"colours": [f"#{colour:06x}" for colour in colours]}


def _colours(about: Mapping[str, Any]) -> tuple[int, ...] | None:
    """Those that `_drawn` wrote."""
    return tuple(int(colour.removeprefix("#"), 16) for colour in about["colours"]) if "colours" in about else None
