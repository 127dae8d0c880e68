"""The winner of a search against the configuration as it was, and the luck of trials: with limits, items paired."""

from collections.abc import Sequence
from pathlib import Path

from sightline.config.schema import Config
from sightline.errors import UsageError
from sightline.inference.loaded_run import best_split, predict_held_out
from sightline.inference.predictions import has_predictions
from sightline.inference.systems import TrainedRuns, ValRuns
from sightline.machine.terminal import logger
from sightline.metrics.catalogue import MEASURED, monitored
from sightline.metrics.documents.comparison import Pair
from sightline.metrics.documents.sweep import Retrained, Study, TestComparison
from sightline.run.folder import Run
from sightline.run.ledger import note_test_uses
from sightline.tasks.table import entrant_of, task_of_run, task_of_systems

STANDS_FOR = {"loss": "log_loss"}
"""What is compared for a column of the epochs that is no metric of predictions."""


def judged(config: Config, run: Run, study: Study) -> Study:
    """The content of `sweep.json` with limits of every gap and gain, and the comparison on the test split.

    Predictions of val are made where they are not there. Of the test split those are read that `evaluate` made of the
    winner and of the configuration as it was, once for the same runs, and each run's ledger says so.

    Args:
        config: of the command.
        run: the folder of the sweep.
        study: what is known so far.
    """
    metric = monitored(study["metric"]).name
    metric = STANDS_FOR.get(metric, metric)
    if metric not in MEASURED or not study["again"]:
        return study
    config = config.model_copy(update={"compare": config.compare.model_copy(update={"metric": metric})})
    try:
        return _judged(config, run, study)
    except UsageError as error:  # the task compares nothing, or images are gone
        logger.info("sweep: gaps and gains have no limits: %s", error)
        return study


def _judged(config: Config, run: Run, study: Study) -> Study:
    trials = {trial["number"]: trial["run"] for trial in study["trials"]}
    sign = -1 if study["direction"] == "minimize" else 1
    again: list[Retrained] = []
    for row in study["again"]:
        fresh, path = ValRuns("fresh seeds", _runs(run, row)), trials.get(row["trial"])
        pair = None
        if path is not None and (Path(path) / "checkpoints/best.pt").is_file():
            pair = _turned(_pair(config, [ValRuns("the search", (Run(Path(path)),)), fresh]), sign)
        again.append({**row, "gap_limits": pair})
    winner, own = study["again"][0], as_configured(study)
    found: Study = {**study, "again": again, "gain": None, "test": None}
    if own is None or own is winner:
        return found
    systems = [ValRuns(row["name"], _runs(run, row)) for row in (winner, own)]
    found["gain"] = _turned(_pair(config, systems), sign)
    found["test"] = _on_test(config, run, winner, own)
    return found


def as_configured(study: Study) -> Retrained | None:
    """The configuration as it was, where it was trained anew."""
    return next((row for row in study["again"] if row["trial"] == study["as_configured"]), None)


def _pair(config: Config, systems: Sequence[TrainedRuns]) -> Pair:
    """The difference of two systems; those of val are predicted where they were not."""
    for system in systems:
        for member in system.runs if isinstance(system, ValRuns) else ():
            predict_held_out(member, config, ("val",), task_of_run(member))
    task = task_of_systems(systems)
    (pair,) = task.compare(config, [entrant_of(system, task) for system in systems])["pairs"]
    return pair


def _on_test(config: Config, run: Run, winner: Retrained, own: Retrained) -> TestComparison | None:
    """The winner against the configuration as it was, on the test split: once for the same runs."""
    runs = [_runs(run, row) for row in (winner, own)]
    places = [str(member.path.relative_to(run.path)) for members in runs for member in members]
    before = run.load_json("sweep.json").get("test") if run.has("sweep.json") else None
    if before and before["runs"] == places:
        known: TestComparison = before
        return known
    every = [member for members in runs for member in members]
    if any(best_split(member) != "test" or not has_predictions(member, "test") for member in every):
        return None
    systems = [TrainedRuns(row["name"], members) for row, members in zip((winner, own), runs, strict=True)]
    pair = _pair(config, systems)
    note_test_uses([use for system in systems for use in system.uses()], "compare", run)
    return {"runs": places, "metric": config.compare.metric, "level": config.compare.level, "pair": pair}


def _runs(run: Run, row: Retrained) -> tuple[Run, ...]:
    return tuple(Run((run.path / one["run"]).resolve()) for one in row["fresh"])


def _turned(pair: Pair, sign: int) -> Pair:
    """The difference so that more is better."""
    if sign > 0:
        return pair
    return {
        **pair,
        "difference": -pair["difference"],
        "low": _negative(pair["high"]),
        "high": _negative(pair["low"]),
        "low_adjusted": _negative(pair.get("high_adjusted")),
        "high_adjusted": _negative(pair.get("low_adjusted")),
    }


def _negative(end: float | None) -> float | None:
    return None if end is None else -end
