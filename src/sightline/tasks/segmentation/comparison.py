"""Systems that say a class of every pixel, compared on the same images."""

from collections.abc import Sequence
from typing import Final

from sightline.config.schema import Config
from sightline.metrics.comparison.masks import MaskSystem, compare_masks
from sightline.metrics.comparison.systems import shared_groups
from sightline.metrics.documents.comparison import Comparison
from sightline.metrics.intervals.resampling import Resampling, group_codes
from sightline.tasks.results import Entrant

STANDS_FOR: Final = {"accuracy": "mean_iou"}
"""What masks are compared by where the configuration says what labels are compared by as a rule."""


def compare(config: Config, entrants: Sequence[Entrant]) -> Comparison:
    """By the metric that is configured, as a rule by the mean IoU; see `Task.compare`."""
    systems = [MaskSystem(one.name, tuple(one.members), one.groups, one.class_names) for one in entrants]
    codes = group_codes(shared_groups(systems), len(systems[0].members[0]))
    return compare_masks(
        systems,
        metric=STANDS_FOR.get(config.compare.metric, config.compare.metric),
        resampling=Resampling(config.compare.level, config.compare.resamples, config.seed, codes),
    )
