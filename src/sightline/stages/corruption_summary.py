"""What all conditions of a target come to."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from sightline.metrics.documents.robustness import CorruptionScore, TargetUnderCorruptions
from sightline.metrics.robustness.corruption_error import corruption_errors, mean_score
from sightline.stages.corrupted import CLEAN, Found, Key

Scores = Mapping[str, NDArray[np.float64]]
"""(n,) of single images, by target."""


def summary_of(
    metric: str,
    found: Mapping[Key, Found],
    target: str,
    level: float,
    groups: NDArray[np.int64] | None,
    baseline: Mapping[Key, Scores] | None,
) -> TargetUnderCorruptions:
    """Each corruption over its severities, all of them, and both beside a baseline.

    Args:
        metric: whose parts the scores of single images are.
        found: under each condition.
        target: of the model.
        level: confidence of limits.
        groups: (n,) which images belong together, as integers from 0, or None.
        baseline: the scores of another model under the same conditions, or None.
    """
    names = list(dict.fromkeys(name for name, _ in found if name != CLEAN))
    scores = {name: _stacked({key: one.scores for key, one in found.items()}, name, target) for name in names}
    listed: list[CorruptionScore] = [
        {"corruption": name, "score": mean_score(each, level, groups).to_json()} for name, each in scores.items()
    ]
    content: TargetUnderCorruptions = {
        "metric": metric,
        "conditions": [one.targets[target] for one in found.values()],
        "corruptions": listed,
    }
    if names:
        content["mean"] = mean_score(np.concatenate(list(scores.values()), axis=1), level, groups).to_json()
    if names and baseline is not None:
        errors = [1 - each for each in scores.values()]
        theirs = [1 - _stacked(baseline, name, target) for name in names]
        ratios, mean = corruption_errors(errors, theirs, level, groups)
        for one, ratio in zip(listed, ratios, strict=True):
            one["corruption_error"] = ratio.to_json()
        content["mean_corruption_error"] = mean.to_json()
    return content


def _stacked(found: Mapping[Key, Scores], name: str, target: str) -> NDArray[np.float64]:
    """(n, severities) of one corruption."""
    return np.stack([one[target] for (corruption, _), one in found.items() if corruption == name], axis=1)
