"""A whole sweep: the trials of a study, the best of them trained anew, and the pipeline on the winner.

Everything is in one folder, `runs_dir/sweeps/<name>`: the runs of the trials, those trained anew, and the report.
"""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from sightline.commands.command import Command
from sightline.commands.mirroring import open_run_tracker
from sightline.commands.modes import with_stages, without_tracking
from sightline.commands.new_run import check_inputs, create_run
from sightline.commands.pipeline import run_stages
from sightline.commands.retrain import finish_sweep
from sightline.commands.sweep_search import open_search
from sightline.commands.trial import TrialTemplate, remove_trial_checkpoints, run_trial
from sightline.commands.unused import refuse_unused_by_all
from sightline.config import parse
from sightline.config.fitted import is_former
from sightline.config.flatten import dotted_items, flatten
from sightline.config.groups import FITTED, RESULT_NEUTRAL
from sightline.config.schema import Config
from sightline.config.stored import differences
from sightline.data.targets import class_names_of
from sightline.errors import UsageError
from sightline.machine.device import has_cuda
from sightline.machine.distributed import world
from sightline.machine.signals import Interrupted, going_on
from sightline.machine.terminal import log_to, logger
from sightline.run.files import remove_partial
from sightline.run.folder import Run
from sightline.run.ownership import check_ours
from sightline.sweep.progress import SweepProgress
from sightline.sweep.results import extent
from sightline.sweep.search import Search
from sightline.sweep.supervisor import supervise
from sightline.sweep.workers import Resources, WorkerJob, divide_machine
from sightline.training.fitting import fit

CLOCK_FILE = "clock.json"
"""The file of a sweep that holds the seconds spent on its trials."""


def run_sweep(command: Command) -> None:
    """Do a sweep, or go on with it, to its end.

    Raises:
        UsageError: the search, or one of the values that it may take, is wrong.
        RunFailedError: no trial ended with a value.
    """
    if world().size > 1:
        raise UsageError("a sweep starts its trials itself; start it without torchrun, and take sweep.jobs")
    config = command.config
    template = TrialTemplate.from_command(command)
    base = template.config_with({})
    check_inputs(base)
    shared = _shared_settings(config, base)
    search = open_search(config, base, shared)
    name = search.location.name
    begun = search.shared()
    if not search.exists():
        refuse_unused_by_trials(command, template)
        search.space.check(lambda overrides: parse.parse(template.compose_with(overrides)))
    resources = divide_machine(config.sweep.jobs, _gpus(config))
    if begun is not None and is_former(begun):
        template = replace(template, former=True)
        shared = _shared_settings(config, template.config_with({}))
    try:
        with going_on(f"the same command goes on with {name}"):
            if begun is None:
                run = _begin(command, template, search, shared)
            else:
                search.begin(shared, None)
                run = _sweep_run(command, name)
            if _is_finished(search, run):
                return
            _run_to_its_end(config, template.in_folder(run.path), search, run, resources)
    except Interrupted as stop:
        raise Interrupted(stop.status - 128, f"states saved; the same command goes on with {name}") from stop


def refuse_unused_by_trials(command: Command, template: TrialTemplate) -> None:
    """Refuse what was typed, a key of the space or an override of the search that no model of the search uses.

    Raises:
        UsageError: there is one.
    """
    search = command.config.sweep
    models = [name for found in search.alternatives.get("model", ()) for name in found.categorical or ()]
    configs = [template.config_with({"model": name}) for name in models] or [template.config_with({})]
    refuse_unused_by_all([*command.overrides, *search.overrides, *(f"{key}=…" for key in search.space)], configs)


def _sweep_run(command: Command, name: str) -> Run:
    """The folder of the sweep, as it is or new."""
    folder = Path(command.config.runs_dir) / "sweeps" / name
    if (folder / "config.yaml").is_file():
        return Run(folder.resolve())
    check_ours(folder, "sweep.name")
    return create_run(command.config, "", command.arguments, folder)


def _begin(command: Command, template: TrialTemplate, search: Search, shared: Mapping[str, object]) -> Run:
    """Begin a search. The data come first: they decide what the configuration itself is, where a rule looks at them.

    Raises:
        UsageError: the folder is of another search, whose study is gone.
    """
    run = _sweep_run(command, search.location.name)
    before = parse.read(run.path / "config.yaml", command.config.model_dump(mode="json"))
    if other := differences(flatten(parse.trained_part(before)), flatten(parse.trained_part(command.config))):
        raise UsageError(f"{run.path} is of another search: {other}; take another sweep.name, or remove the folder")
    with log_to(run.file("log.txt")):
        config = _validate(template, run)
    values = flatten(config.model_dump(mode="json"))
    search.begin(shared, _values_as_configured(search, template, {key: values.get(key) for key in FITTED}))
    return run


def _validate(template: TrialTemplate, run: Run) -> Config:
    """Have the data judged and split for all trials; the configuration itself, with the numbers that suit them."""
    from sightline.inference.model import load_split  # it imports torch

    config = template.config_with({})
    run_stages(without_tracking(with_stages(config, "validate")), run)
    split = load_split(run)
    return fit(config, len(split.positions("train")), class_names_of(split.targets))[0]


def _run_to_its_end(
    config: Config, template: TrialTemplate, search: Search, run: Run, resources: Sequence[Resources]
) -> None:
    """The trials, and what comes after them."""
    remove_partial(run.path)
    with log_to(run.file("log.txt")), open_run_tracker(config, run) as tracker:
        _validate(template, run)
        _run_trials(config, template, search, run, resources)
        if not search.locks.acquire_finish():
            logger.info("sweep: another command is training the best of %s anew", search.location.name)
            return
        finish_sweep(config, template, search, run)
        tracker.sync(run)


def _run_trials(
    config: Config, template: TrialTemplate, search: Search, run: Run, resources: Sequence[Resources]
) -> None:
    """Have the workers end the trials, each with its share of the machine."""
    spent = _seconds_spent(run)
    began = time.time()
    minutes = config.sweep.minutes
    job = WorkerJob(
        config=config.sweep,
        location=search.location,
        seed=config.seed,
        until=None if minutes is None else began + 60 * minutes - spent,
        log=run.path / "log.txt",
        objective=partial(run_trial, template),
        clean_up=partial(remove_trial_checkpoints, template),
    )
    with SweepProgress(search) as progress, run.entering("sweep"):

        def show_progress() -> None:
            if progress.update():
                run.save_json(CLOCK_FILE, {"seconds": round(spent + time.time() - began, 1)})

        supervise(job, resources, search, show_progress)


def _shared_settings(config: Config, base: Config) -> dict[str, object]:
    """All that the trials of a study share, by dotted key."""
    fixed = {key: value for key, value in flatten(parse.trained_part(base)).items() if key not in RESULT_NEUTRAL}
    space = config.sweep.model_dump(mode="json", exclude_defaults=True)["space"]
    return fixed | {f"sweep.space.{key}": value for key, value in space.items()} | {"sweep.metric": config.sweep.metric}


def _values_as_configured(
    search: Search, template: TrialTemplate, fitted: Mapping[str, object]
) -> dict[str, object] | None:
    """The values that the configuration itself has, for the first trial; None where they lie outside the space."""
    values = {
        key: value.get("name") if isinstance(value, Mapping) else value  # of a group, the name of its choice
        for key, value in dotted_items(template.compose_with([]))
    }
    found = {key: fitted.get(key, values.get(key)) for key in search.config.space}
    try:
        search.space.parameters(found)
    except UsageError as error:
        logger.info("sweep: %s, so the configuration itself is no trial", error)
        return None
    return found


def _is_finished(search: Search, run: Run) -> bool:
    """Whether nothing is left to do, which is then said."""
    minutes = search.config.minutes
    time_is_up = minutes is not None and _seconds_spent(run) >= 60 * minutes and search.all_ended()
    if not (time_is_up or search.is_complete()):
        return False
    report = search.noted_report()
    if run.has("report.html") and run.load_json("sweep.json")["extent"] == extent(search):
        report = str(run.path / "report.html")
    elif report is None or report.startswith(str(run.path)):
        return False
    logger.info(
        "sweep: %s is finished, %d trials; its report is %s", search.location.name, len(search.trials()), report
    )
    more = "sweep.minutes" if time_is_up else "sweep.trials"
    logger.info("sweep: a larger %s goes on with it, another sweep.name begins anew", more)
    return True


def _seconds_spent(run: Run) -> float:
    """Of earlier commands on the trials of this sweep, up to the last that ended."""
    return float(run.load_json(CLOCK_FILE)["seconds"]) if run.has(CLOCK_FILE) else 0.0


def _gpus(config: Config) -> list[str]:
    """The GPUs that trials may have, as CUDA_VISIBLE_DEVICES names them."""
    if config.device not in {"auto", "cuda"} or not has_cuda():
        return []
    import torch

    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    return visible.split(",") if visible else [str(index) for index in range(torch.cuda.device_count())]
