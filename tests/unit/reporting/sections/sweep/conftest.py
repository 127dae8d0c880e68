"""A small sweep as `sweep.json` has it."""

from collections.abc import Callable
from typing import Any

import pytest

Study = dict[str, Any]


@pytest.fixture
def study() -> Callable[..., Study]:
    """A function that gives the content, some of it changed."""

    def trial(number: int, state: str, curve: list[float], **values: object) -> dict[str, Any]:
        value = curve[-1] if state == "complete" else None
        seconds = None if state == "failed" else 61.0
        own = {"number": number, "state": state, "value": value, "values": values, "curve": curve, "seconds": seconds}
        return own | {"reason": "it broke\nbadly" if state == "failed" else ""}

    def again(name: str, trial: int, seen: float, *values: float) -> dict[str, Any]:
        fresh = [{"name": name, "seed": seed, "value": value, "run": f"a/{seed}"} for seed, value in enumerate(values)]
        mean = sum(values) / len(values)
        sd = 0.01 if len(values) > 1 else None
        return {
            "name": name,
            "trial": trial,
            "in_search": seen,
            "fresh": fresh,
            "mean": mean,
            "sd": sd,
            "gap": seen - mean,
        }

    def get(**changed: object) -> Study:
        return {
            "name": "small", "storage": "sqlite:///small.db", "metric": "val_accuracy", "direction": "maximize",
            "sampler": "tpe", "pruner": "median", "best": 1, "as_configured": 0,
            "space": {
                "optimizer.lr (optimizer=adamw)": "log 1e-4 to 1", "optimizer.lr (optimizer=sgd)": "log 1e-3 to 1",
                "width": "categorical 32, 64", "unused": "uniform 0 to 1",
            },
            "trials": [
                trial(0, "complete", [0.5, 0.6, 0.7], width=32, **{"optimizer.lr": 0.001}),
                trial(1, "complete", [0.6, 0.7, 0.8], width=64, **{"optimizer.lr": 0.12345}),
                trial(2, "pruned", [0.2], width=64, **{"optimizer.lr": 0.5}),
                trial(3, "failed", [], width=32),
            ],
            "again": [again("trial 1", 1, 0.8, 0.77, 0.79), again("the configuration as it was", 0, 0.7, 0.7)],
            **changed,
        }  # fmt: skip

    return get
