"""A whole sweep: the trials of a study, the best of them trained anew, and the pipeline on the winner.

Everything is in one folder, `runs_dir/sweeps/<name>`: the runs of the trials, those trained anew, and the report.
"""

import hashlib
import json
import os
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from sightline.commands import study
from sightline.commands.new_run import Compose, check_inputs, create_run
from sightline.commands.pipeline import run_stages, tracked
from sightline.commands.trial import BEST, Task, go_through, let_go, tidy
from sightline.config import parse
from sightline.config.flatten import dotted_items, flatten
from sightline.config.groups import RESULT_NEUTRAL
from sightline.config.schema import Config
from sightline.errors import RunFailedError, UsageError
from sightline.machine.device import has_cuda
from sightline.machine.distributed import world
from sightline.machine.signals import Interrupted
from sightline.machine.terminal import log_to, logger
from sightline.run.folder import Run
from sightline.sweep.results import AGAIN, again, best_trials, extent, winner
from sightline.sweep.search import Search
from sightline.sweep.storage import Place
from sightline.sweep.supervisor import supervise
from sightline.sweep.watch import Watch
from sightline.sweep.workers import Share, Work, shares

PIPELINE = ("calibrate", "evaluate", "explain", "report")
"""What the winner, once trained, goes through."""
CLOCK = "clock.json"


def sweep(config: Config, overrides: Sequence[str], arguments: Sequence[str], compose: Compose) -> None:
    """Do a sweep, or go on with it, to its end.

    Args:
        config: of the command.
        overrides: of the command.
        arguments: as typed.
        compose: from overrides to a configuration.

    Raises:
        UsageError: the search, or one of the values that it may take, is wrong.
        RunFailedError: no trial ended with a value.
    """
    if world().size > 1:
        raise UsageError("a sweep starts its trials itself; start it without torchrun, and take sweep.jobs")
    task = Task.of(config, overrides, arguments, compose)
    base = task.configuration({})
    check_inputs(base)
    about = _about(config, base)
    name = config.sweep.name or f"{base.data.name}-{base.model.name}-{_digest(about)}"
    search = Search(config.sweep, Place.of(config.sweep.storage, Path(config.runs_dir), name), config.seed)
    if not search.exists():
        search.space.check(lambda values: parse.parse(compose([*task.without(values), *values])))
    parts = shares(config.sweep.jobs, _gpus(config))
    folder = Path(config.runs_dir) / "sweeps" / name
    search.begin(about, _as_configured(search, task))
    begun = (folder / "config.yaml").is_file()
    run = Run(folder.resolve()) if begun else create_run(config, "", arguments, str(folder))
    if _is_finished(search, run):
        return
    try:
        _go_through(config, task.at(run.path), search, run, base, parts)
    except Interrupted as stop:
        raise Interrupted(stop.status - 128, f"states saved; the same command goes on with {name}") from stop


def _go_through(config: Config, task: Task, search: Search, run: Run, base: Config, parts: Sequence[Share]) -> None:
    """The trials, and what comes after them."""
    with log_to(run.file("log.txt")), tracked(config, run) as tracker:
        run_stages(only(base, "validate"), run)
        _work(config, task, search, run, parts)
        if not search.claims.take_finish():
            logger.info("sweep: another command is training the best of %s anew", search.place.name)
            return
        _finish(config, task, search, run)
        tracker.sync(run)


def _about(config: Config, base: Config) -> dict[str, Any]:
    """All that the trials of a study share, by dotted key."""
    fixed = {key: value for key, value in flatten(parse.trained_part(base)).items() if key not in RESULT_NEUTRAL}
    space = config.sweep.model_dump(mode="json", exclude_defaults=True)["space"]
    return fixed | {f"sweep.space.{key}": value for key, value in space.items()} | {"sweep.metric": config.sweep.metric}


def _digest(about: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:8]


def _as_configured(search: Search, task: Task) -> dict[str, Any] | None:
    """The values that the configuration itself has, for the first trial; None where they lie outside the space."""
    values = {
        key: value.get("name") if isinstance(value, Mapping) else value  # of a group, its choice
        for key, value in dotted_items(task.composed({}))
    }
    found = {key: values.get(key) for key in search.config.space}
    try:
        search.space.parameters(found)
    except UsageError as error:
        logger.info("sweep: %s, so the configuration itself is no trial", error)
        return None
    return found


def _is_finished(search: Search, run: Run) -> bool:
    """Whether nothing is left to do, which is then said."""
    ended, wanted = len(search.trials()), extent(search)
    minutes = search.config.minutes
    over = minutes is not None and _spent(run) >= 60 * minutes and search.all_ended()
    if not (over or search.asked_and_ended()):
        return False
    place = search.study.user_attrs.get("report")
    if run.has("report.html") and run.load_json("sweep.json")["extent"] == wanted:
        place = str(run.path / "report.html")
    elif not isinstance(place, str) or place.startswith(str(run.path)):
        return False
    logger.info("sweep: %s is finished, %d trials; its report is %s", search.place.name, ended, place)
    more = "sweep.minutes" if over else "sweep.trials"
    logger.info("sweep: a larger %s goes on with it, another sweep.name begins anew", more)
    return True


def only(config: Config, *stages: str, tracking: str = "none") -> Config:
    """The configuration with these stages alone, mirrored to nowhere unless told."""
    mode = config.mode.model_copy(update={"stages": stages})
    own = config.tracking if tracking == "mlflow" else config.tracking.model_copy(update={"name": tracking})
    return config.model_copy(update={"mode": mode, "tracking": own})


def _work(config: Config, task: Task, search: Search, run: Run, parts: Sequence[Share]) -> None:
    """Have the workers end the trials, each at its part of the machine."""
    spent, began, minutes = _spent(run), time.time(), config.sweep.minutes
    work = Work(
        config.sweep,
        search.place,
        config.seed,
        None if minutes is None else began + 60 * minutes - spent,
        run.path / "log.txt",
        partial(go_through, task),
        partial(tidy, task),
    )
    with Watch(search) as watch, run.entering("sweep"):

        def look() -> None:
            if watch.look():
                run.save_json(CLOCK, {"seconds": round(spent + time.time() - began, 1)})

        supervise(work, parts, search, look)


def _spent(run: Run) -> float:
    """Seconds of earlier commands on the trials of this sweep, up to the last that ended."""
    return float(run.load_json(CLOCK)["seconds"]) if run.has(CLOCK) else 0.0


def _gpus(config: Config) -> list[str]:
    """The GPUs that trials may have, as CUDA_VISIBLE_DEVICES names them."""
    if config.device not in {"auto", "cuda"} or not has_cuda():
        return []
    import torch

    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    return visible.split(",") if visible else [str(index) for index in range(torch.cuda.device_count())]


def _finish(config: Config, task: Task, search: Search, run: Run) -> None:
    """Train the best anew, take the winner through the pipeline, and sum up."""
    best = best_trials(search)
    if not best:
        raise RunFailedError(f"no trial of {search.place.name} ended with a value; their reasons are in {run.path}")
    members, of = [], {trial.number: search.space.values(trial.params) for trial in best}
    for index in range(config.sweep.fresh_seeds):
        for trial in best:
            seed = config.seed + 1 + index
            members.append(study.Member(search.label(trial), seed, task.configuration(of[trial.number], seed=seed)))
    with run.entering("sweep"):
        study.train_members(run, members, partial(_train_again, task, config.sweep.metric))
    name, number = winner(search, run)
    chosen = next(member.config for member in members if member.variant == name)
    child = Run((run.path / next(row["run"] for row in run.rows(AGAIN) if row["name"] == name)).resolve())
    if not child.has("report.html"):
        with log_to(child.file("log.txt")):
            run_stages(only(chosen, *PIPELINE, tracking="mlflow"), child)
    child.become_latest(Path(config.runs_dir))
    reached = next(row["mean"] for row in again(search, run) if row["name"] == name)
    about = f"{name}, {config.sweep.metric} {reached:.4f} over {config.sweep.fresh_seeds} fresh seeds"
    run.save_text(BEST, task.recipe(of[number], search.place.name, about))
    run_stages(only(config, "sweep", "report"), run)
    search.study.set_user_attr("report", str(run.path / "report.html"))


def _train_again(task: Task, metric: str, member: study.Member, child: Run | None, begun: Any) -> Run:
    """Train one of the best with a seed that no trial used."""
    folder = task.folder / "again" / f"{member.variant.replace(' ', '-')}-s{member.seed}"
    child = task.child(folder, member.config) if child is None else child
    begun(child)
    value = task.train(child, member.config)[metric]
    row = {"name": member.variant, "seed": member.seed, "value": value, "run": str(child.path.relative_to(task.folder))}
    Run(task.folder).append(AGAIN, row)
    let_go(child)
    return child
