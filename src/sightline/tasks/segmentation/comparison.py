"""Systems that say a class of every pixel, compared on the same images."""

from collections.abc import Sequence

from sightline.config.schema import Config
from sightline.metrics.catalogue import MASKS
from sightline.metrics.comparison.masks import MaskSystem, compare_masks
from sightline.metrics.comparison.systems import shared_groups
from sightline.metrics.documents.comparison import Comparison
from sightline.metrics.intervals.resampling import Resampling, group_codes
from sightline.tasks.results import Entrant


def compare(config: Config, entrants: Sequence[Entrant]) -> Comparison:
    """By the metric that is configured, as a rule by the mean IoU; see `Task.compare`."""
    systems = [MaskSystem(one.name, tuple(one.members), one.groups, one.class_names) for one in entrants]
    codes = group_codes(shared_groups(systems), len(systems[0].members[0]))
    return compare_masks(
        systems,
        metric=config.compare.metric_of(MASKS),
        resampling=Resampling(config.compare.level, config.compare.resamples, config.seed, codes),
    )
