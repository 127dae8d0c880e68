"""Systems that classify, compared on the same items."""

from collections.abc import Sequence

from sightline.config.schema import Config
from sightline.metrics.comparison.compare import compare as compare_predictions
from sightline.metrics.comparison.systems import System, shared_groups
from sightline.metrics.documents.comparison import Comparison
from sightline.metrics.intervals.resampling import Resampling, group_codes
from sightline.tasks.results import Entrant


def compare(config: Config, entrants: Sequence[Entrant]) -> Comparison:
    """By the metric that is configured; see `Task.compare`."""
    systems = [System(one.name, tuple(one.members), one.groups, one.class_names) for one in entrants]
    codes = group_codes(shared_groups(systems), len(systems[0].members[0]))
    return compare_predictions(
        systems,
        metric=config.compare.metric_of("classification"),
        resampling=Resampling(config.compare.level, config.compare.resamples, config.seed, codes),
        bins=config.calibration.bins,
    )
