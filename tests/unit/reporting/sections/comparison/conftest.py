"""Comparisons of systems that are right as often as asked."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from sightline.metrics.comparison.compare import compare
from sightline.metrics.comparison.systems import System
from sightline.metrics.intervals.resampling import Resampling
from sightline.metrics.predictions import Predictions

Compared = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def compared() -> Compared:
    """A function from the share of right answers of each system to the content of `comparison.json`."""

    def get(metric: str = "accuracy", **shares: float) -> dict[str, Any]:
        rng = np.random.default_rng(0)
        labels, systems = np.zeros(400, dtype=np.int64), []
        for name, share in shares.items():
            right = rng.random(400) < share
            logits = np.stack([right, ~right], axis=1).astype(np.float32)
            systems.append(System(name, (Predictions(np.arange(400).astype(np.str_), logits, labels),)))
        found = compare(systems, metric=metric, resampling=Resampling(0.95, 100, 0))
        for row in found["systems"]:
            row |= {"parameters": 1_234_567, "trained_parameters": 650, "training_seconds": 61, "latency_ms": 2.25}
            row |= {"flops": 123_456_789, "images_per_second": 5432.1}
            row |= {"runs": [f"digits-cnn/{row['name']}"]}
        return {"split": "test", "target_val_accuracy": 0.875, **found}

    return get
