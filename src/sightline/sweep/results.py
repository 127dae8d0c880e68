"""What a study came to: its trials as plain values, the best of them, and what became of those trained anew."""

import math
import warnings
from statistics import mean, stdev
from typing import cast

import optuna
from optuna.trial import FrozenTrial, TrialState

from sightline.metrics.documents.sweep import FreshRun, Study, TrainedAgain, Trial
from sightline.run.folder import Run
from sightline.sweep.search import AS_CONFIGURED, Search

AGAIN = "again.jsonl"
"""The file of a sweep that says what those trained anew reached."""
FEWEST = 4
"""Trials with a value that importances need."""


def with_values(search: Search) -> list[FrozenTrial]:
    """The trials that ended with a value, the best first."""
    ended = [trial for trial in search.trials() if trial.state == TrialState.COMPLETE and trial.value is not None]
    sign = -1 if search.config.direction == "maximize" else 1
    return sorted(ended, key=lambda trial: (sign * (trial.value or 0.0), trial.number))


def best_trials(search: Search) -> list[FrozenTrial]:
    """The best with different values, and the configuration itself, if it was a trial."""
    best = list[FrozenTrial]()
    for trial in with_values(search):
        wanted = len(best) < search.config.top or search.label(trial) == AS_CONFIGURED
        if wanted and all(trial.params != other.params for other in best):
            best.append(trial)
    return best


def again(search: Search, run: Run) -> list[TrainedAgain]:
    """Those trained anew, the best first: what the search saw, what fresh seeds reach, and the gap between them."""
    rows, sign = run.rows(AGAIN), 1 if search.config.direction == "maximize" else -1
    found: list[TrainedAgain] = []
    for trial in best_trials(search):
        own = {row["seed"]: cast("FreshRun", row) for row in rows if row["name"] == search.label(trial)}
        values = [row["value"] for row in own.values()]
        if not values:
            continue
        found.append(
            {
                "name": search.label(trial),
                "trial": trial.number,
                "values": search.space.values(trial.params),
                "in_search": trial.value,
                "fresh": list(own.values()),
                "mean": mean(values),
                "sd": stdev(values) if len(values) > 1 else None,
                "gap": sign * ((trial.value or 0.0) - mean(values)),
            }
        )
    return sorted(found, key=lambda row: -sign * float(row["mean"]))


def winner(search: Search, run: Run) -> tuple[str, int]:
    """The name and the trial that are best with fresh seeds."""
    first = again(search, run)[0]
    return str(first["name"]), int(first["trial"])


def summary(search: Search, run: Run) -> Study:
    """Everything that the report says, as plain values."""
    config, trials = search.config, search.trials()
    best = with_values(search)
    return {
        "name": search.place.name,
        "storage": search.place.url,
        "metric": config.metric,
        "direction": config.direction,
        "sampler": config.sampler.name,
        "pruner": config.pruner.name,
        "extent": extent(search),
        "space": search.space.shown(),
        "trials": [_row(search, trial) for trial in trials],
        "best": best[0].number if best else None,
        "as_configured": next((trial.number for trial in trials if search.label(trial) == AS_CONFIGURED), None),
        "importances": importances(search),
        "again": again(search, run),
    }


def extent(search: Search) -> dict[str, int]:
    """How much was asked for; a sweep of the same extent has nothing left to do."""
    return {"trials": search.asked, "top": search.config.top, "fresh_seeds": search.config.fresh_seeds}


def importances(search: Search) -> dict[str, float]:
    """The share of each dimension in the differences between trials (PED-ANOVA), the largest first; {} if too few."""
    ended = with_values(search)
    if len(ended) < FEWEST or len({trial.value for trial in ended}) < 2:
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # dimensions with a single value
        found = optuna.importance.get_param_importances(search.study)
    return {name: float(value) for name, value in found.items() if math.isfinite(value)}


def _row(search: Search, trial: FrozenTrial) -> Trial:
    curve = [value for _, value in sorted(trial.intermediate_values.items())]
    return {
        "number": trial.number,
        "name": search.label(trial),
        "state": {TrialState.COMPLETE: "complete", TrialState.PRUNED: "pruned", TrialState.FAIL: "failed"}.get(
            trial.state, "running"
        ),
        "value": trial.value if trial.state == TrialState.COMPLETE else None,
        "values": search.space.values(trial.params),
        "curve": curve,
        "seconds": trial.user_attrs.get("seconds"),
        "run": trial.user_attrs.get("run"),
        "reason": trial.user_attrs.get("reason", ""),
    }
