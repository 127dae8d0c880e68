"""What all conditions of a target come to."""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from sightline.metrics.catalogue import METRICS
from sightline.metrics.documents.robustness import CorruptionScore, TargetUnderCorruptions
from sightline.metrics.intervals.resampling import Resampling
from sightline.metrics.robustness.corruption_error import corruption_errors, mean_gain, mean_score
from sightline.metrics.robustness.severities import inversions
from sightline.reporting.sections.robustness import name_of
from sightline.stages.conditions.question import CLEAN, Found, Key

Scores = Mapping[str, NDArray[np.float64]]
"""(n,) of single images, by target."""


def summary_of(
    metric: str,
    found: Mapping[Key, Found],
    target: str,
    resampling: Resampling,
    baseline: Mapping[Key, Scores] | None,
) -> TargetUnderCorruptions:
    """Each corruption over its severities, all of them, and both beside a baseline.

    Args:
        metric: whose parts the scores of single images are.
        found: under each condition.
        target: of the model.
        resampling: how sure limits are, and which images belong together.
        baseline: the scores of another model under the same conditions, or None.
    """
    graded = METRICS[metric].graded
    names = list(dict.fromkeys(name for name, _ in found if name != CLEAN))
    scores = {name: _stacked({key: one.scores for key, one in found.items()}, name, target) for name in names}
    listed: list[CorruptionScore] = [
        {"corruption": name, "score": mean_score(each, resampling, graded=graded).to_json()}
        for name, each in scores.items()
    ]
    content: TargetUnderCorruptions = {
        "metric": metric,
        "conditions": [one.targets[target] for one in found.values()],
        "corruptions": listed,
    }
    if names:
        content["mean"] = mean_score(np.concatenate(list(scores.values()), axis=1), resampling, graded=graded).to_json()
    if names and baseline is not None:
        errors = [1 - each for each in scores.values()]
        theirs = [1 - _stacked(baseline, name, target) for name in names]
        ratios, mean = corruption_errors(errors, theirs, resampling)
        for one, ratio in zip(listed, ratios, strict=True):
            one["corruption_error"] = ratio.to_json()
        content["mean_corruption_error"] = mean.to_json()
        gain = mean_gain(1 - np.concatenate(errors, axis=1), 1 - np.concatenate(theirs, axis=1), resampling)
        content["over_baseline"] = gain.to_json()
    return content


def notes_of(metric: str, found: Mapping[Key, Found], target: str, resampling: Resampling) -> Iterator[str]:
    """Where severities do not rise for this model, as far as answers that are right or wrong tell.

    The arguments are those of `summary_of`. Images in groups are no independent pairs, and nothing is said of them.
    """
    if METRICS[metric].graded or resampling.groups is not None or target not in found[CLEAN, 0].targets:
        return
    severities = sorted({severity for _, severity in found} - {0})
    scores = {
        name: _stacked({key: one.scores for key, one in found.items()}, name, target)
        for name in dict.fromkeys(name for name, _ in found if name != CLEAN)
    }
    for name, milder, stronger, difference in inversions(scores, severities, resampling.level):
        yield (
            f"{name_of(name)} at severity {stronger} is answered better than at {milder}, by "
            f"{100 * difference:.1f} points: for this model it is no stronger there."
        )


def _stacked(found: Mapping[Key, Scores], name: str, target: str) -> NDArray[np.float64]:
    """(n, severities) of one corruption."""
    return np.stack([one[target] for (corruption, _), one in found.items() if corruption == name], axis=1)
