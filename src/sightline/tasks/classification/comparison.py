"""Systems that classify, compared on the same items."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sightline.config.schema import Config
from sightline.metrics.comparison.compare import compare as compare_predictions
from sightline.metrics.comparison.systems import System
from sightline.metrics.documents.comparison import Comparison
from sightline.metrics.intervals.resampling import Resampling, group_codes
from sightline.metrics.predictions import Predictions


def compare(
    config: Config, systems: Sequence[tuple[str, Sequence[Predictions]]], groups: NDArray[np.str_] | None
) -> Comparison:
    """By the metric that is configured; see `Task.compare`."""
    codes = group_codes(groups, len(systems[0][1][0]))
    return compare_predictions(
        [System(name, tuple(members)) for name, members in systems],
        metric=config.compare.metric,
        resampling=Resampling(config.compare.level, config.compare.resamples, config.seed, codes),
        bins=config.calibration.bins,
    )
