"""What a study came to: its trials as plain values, the best of them, and what became of those trained anew."""

import math
import warnings
from statistics import mean, stdev

import optuna
from optuna.trial import FrozenTrial, TrialState

from sightline.metrics.documents.sweep import FreshRun, Retrained, Study, Trial
from sightline.run.folder import Run
from sightline.sweep.search import AS_CONFIGURED, Search

RETRAINED_FILE = "again.jsonl"
"""The file of a sweep that says what those trained anew reached."""
FEWEST_TRIALS = 4
"""Trials with a value that importances need."""
STATES = {TrialState.COMPLETE: "complete", TrialState.PRUNED: "pruned", TrialState.FAIL: "failed"}
"""What a state is called; all others are `running`."""


def completed_trials(search: Search) -> list[FrozenTrial]:
    """The trials that ended with a value, the best first."""
    ended = [trial for trial in search.trials() if trial.state == TrialState.COMPLETE and trial.value is not None]
    return sorted(ended, key=lambda trial: (-_sign(search) * (trial.value or 0.0), trial.number))


def best_trials(search: Search) -> list[FrozenTrial]:
    """The best with different values, and the configuration itself, if it was a trial."""
    best: list[FrozenTrial] = []
    for trial in completed_trials(search):
        wanted = len(best) < search.config.top or search.label(trial) == AS_CONFIGURED
        if wanted and all(trial.params != other.params for other in best):
            best.append(trial)
    return best


def retrained(search: Search, run: Run) -> list[Retrained]:
    """Those trained anew with fresh seeds, the best first."""
    rows: list[FreshRun] = run.rows(RETRAINED_FILE)
    sign = _sign(search)
    found: list[Retrained] = []
    for trial in best_trials(search):
        name = search.label(trial)
        by_seed = {row["seed"]: row for row in rows if row["name"] == name}  # of a seed done twice, the last
        values = [row["value"] for row in by_seed.values()]
        if not values:
            continue
        found.append(
            {
                "name": name,
                "trial": trial.number,
                "values": search.space.values(trial.params),
                "in_search": trial.value,
                "fresh": list(by_seed.values()),
                "mean": mean(values),
                "sd": stdev(values) if len(values) > 1 else None,
                "gap": sign * ((trial.value or 0.0) - mean(values)),
            }
        )
    return sorted(found, key=lambda row: -sign * row["mean"])


def summary(search: Search, run: Run) -> Study:
    """Everything that the report says, as plain values."""
    config = search.config
    trials = search.trials()
    best = completed_trials(search)
    return {
        "name": search.location.name,
        "storage": search.location.url,
        "metric": config.metric,
        "direction": config.direction,
        "sampler": config.sampler.name,
        "pruner": config.pruner.name,
        "extent": extent(search),
        "space": search.space.described(),
        "trials": [_row(search, trial) for trial in trials],
        "best": best[0].number if best else None,
        "as_configured": next((trial.number for trial in trials if search.label(trial) == AS_CONFIGURED), None),
        "importances": importances(search),
        "again": retrained(search, run),
    }


def extent(search: Search) -> dict[str, int]:
    """How much was asked for; a sweep of the same extent has nothing left to do."""
    return {"trials": search.trial_count, "top": search.config.top, "fresh_seeds": search.config.fresh_seeds}


def importances(search: Search) -> dict[str, float]:
    """The share of each dimension in the differences between trials (PED-ANOVA), the largest first; {} if too few."""
    ended = completed_trials(search)
    if len(ended) < FEWEST_TRIALS or len({trial.value for trial in ended}) < 2:
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # dimensions with a single value
        found = optuna.importance.get_param_importances(search.study)
    return {name: float(value) for name, value in found.items() if math.isfinite(value)}


def _sign(search: Search) -> int:
    """1 where more is better."""
    return 1 if search.config.direction == "maximize" else -1


def _row(search: Search, trial: FrozenTrial) -> Trial:
    return {
        "number": trial.number,
        "name": search.label(trial),
        "state": STATES.get(trial.state, "running"),
        "value": trial.value if trial.state == TrialState.COMPLETE else None,
        "values": search.space.values(trial.params),
        "curve": [value for _, value in sorted(trial.intermediate_values.items())],
        "seconds": trial.user_attrs.get("seconds"),
        "run": trial.user_attrs.get("run"),
        "reason": trial.user_attrs.get("reason", ""),
    }
