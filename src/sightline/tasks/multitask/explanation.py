"""What is explained of a label and a mask: both, one after the other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sightline.explain.quality.confidence import Confidence, class_probability, mask_probability
from sightline.explain.targets import NONE, TargetScore, class_logit
from sightline.models.outputs import Outputs, by_head
from sightline.tasks.results import Explanation, JsonRow
from sightline.tasks.segmentation.explanation import class_of_mask

SCORES: Mapping[str, TargetScore] = {"label": class_logit, "mask": class_of_mask}
"""What the model says of a class of each target, by the head."""
CONFIDENCES: Mapping[str, Confidence] = {"label": class_probability, "mask": mask_probability}
"""How surely, in the same order."""


@dataclass(frozen=True)
class MultitaskExplanation:
    """See `tasks.results.Explanation`; a target is which head, by its place in `SCORES`, and what of it."""

    rows: NDArray[np.int64]
    targets: Tensor
    items: list[JsonRow] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)
    right: list[bool] = field(default_factory=list)

    def score(self, outputs: Outputs, targets: Tensor) -> Tensor:
        """Of each image's own head."""
        return score(outputs, targets)

    def confidence(self, outputs: Outputs, targets: Tensor, untouched: Outputs) -> Tensor:
        """Of each image's own head."""
        return confidence(outputs, targets, untouched)


def of_head(name: str, targets: Tensor) -> Tensor:
    """(m, 3) the targets of one head, with the head: the class, and the one that it is set against or `NONE`."""
    head = targets.new_full((len(targets), 1), list(SCORES).index(name))
    others = targets[:, 1:] if targets.ndim == 2 else targets.new_full((len(targets), 1), NONE)
    return torch.cat([head, targets.reshape(len(targets), -1)[:, :1], others], dim=1)


def score(outputs: Outputs, targets: Tensor) -> Tensor:
    """(n,) what each image's own head says of its class.

    Args:
        outputs: by head.
        targets: (n, 3) head, class, and the other class or `NONE`.
    """
    heads = by_head(outputs)
    found = [one(heads[name], targets[:, 1:].clamp(max=heads[name].shape[1] - 1)) for name, one in SCORES.items()]
    return torch.stack(found, dim=1).gather(1, targets[:, :1])[:, 0]


def confidence(outputs: Outputs, targets: Tensor, untouched: Outputs) -> Tensor:
    """(n,) how surely each image's own head still says its class.

    Args:
        outputs: by head, for changed images.
        targets: (n, 3) head, class, and the other class or `NONE`.
        untouched: by head, for the images as they were.
    """
    heads, before = by_head(outputs), by_head(untouched)
    found = [
        one(heads[name], targets[:, 1:].clamp(max=heads[name].shape[1] - 1), before[name])
        for name, one in CONFIDENCES.items()
    ]
    return torch.stack(found, dim=1).gather(1, targets[:, :1])[:, 0]


def both(parts: Mapping[str, tuple[Explanation, NDArray[np.int64]]]) -> MultitaskExplanation:
    """One explanation after the other.

    Args:
        parts: by target, with the row of the split that each of its own rows is.
    """
    rows = np.concatenate([places[one.rows] for one, places in parts.values()])
    targets = torch.cat([of_head(name, one.targets) for name, (one, _) in parts.items()])
    found = MultitaskExplanation(rows, targets)
    for name, (one, _) in parts.items():
        found.items.extend({**item, "of": name} for item in one.items)
        found.titles.extend(_titled(name, one.titles))
        found.right.extend(one.right)
    return found


def _titled(name: str, titles: Sequence[str]) -> list[str]:
    return [f"{name}: {title}" for title in titles]
