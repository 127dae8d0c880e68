"""From a composed configuration to the run it is about: made, resumed or opened, and its stages called in order."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sightline.commands import study
from sightline.commands.new_run import Compose, check_inputs, check_slices, create_run
from sightline.commands.pipeline import follow, run_stages
from sightline.config import parse, stored
from sightline.config.schema import Config
from sightline.errors import UsageError
from sightline.inference.predictions import save_predictions
from sightline.machine.distributed import world
from sightline.machine.terminal import log_to, logger, show_log
from sightline.run.external import SPLITS, class_names, holds_predictions, read_predictions
from sightline.run.folder import Run


def execute(composed: Mapping[str, Any], overrides: Sequence[str], arguments: Sequence[str], compose: Compose) -> None:
    """Do what a command asks for.

    Args:
        composed: its configuration.
        overrides: as typed, the words among them turned into overrides.
        arguments: as typed, for the record.
        compose: from overrides to a configuration, for the members of a study.
    """
    config = parse.parse(composed)
    if config.mode.first.needs == "search":
        from sightline.commands.sweep import sweep  # it imports Optuna

        sweep(config, overrides, arguments, compose)
    elif config.is_study:
        _study(config, overrides, arguments, compose)
    elif config.mode.first.needs == "new run":
        train(config, arguments, _training_run(config))
    elif config.mode.first.needs == "finished runs":
        _compare(config, arguments)
    elif config.predictions is not None:
        _judge_elsewhere(config, arguments, Path(config.predictions))
    else:
        run = Run.open(config.one_run or "latest", Path(config.runs_dir))
        now = config.model_dump(mode="json")
        before = parse.read(run.path / "config.yaml", now).model_dump(mode="json")
        config = parse.parse(stored.with_overrides(before, now, overrides))
        check_slices(config)
        with log_to(run.file("log.txt")):
            run_stages(config, run)


def train(
    config: Config,
    arguments: Sequence[str] = (),
    run: Run | None = None,
    begun: Callable[[Run], None] | None = None,
) -> Run:
    """Call the stages of a mode that trains, in a new run unless there is one; tell `begun` which it is."""
    if not world().writes:
        show_log(silent=True)
        follow(config)
        return Run(Path(config.runs_dir), writes=False)
    if run is None:
        check_inputs(config)
        run = create_run(config, f"{config.data.name}-{config.model.name}", arguments)
    if begun:
        begun(run)
    with log_to(run.file("log.txt")):
        run_stages(config, run)
    return run


def _training_run(config: Config) -> Run | None:
    """The run to go on with: the one that is named, or the one of this launch that torchrun starts anew."""
    if config.one_run is None:
        return _started_before(config)
    run = Run.open(config.one_run, Path(config.runs_dir))
    now = config.model_dump(mode="json")
    stored.check_same_training(parse.read(run.path / "config.yaml", now).model_dump(mode="json"), now)
    return run


def _started_before(config: Config) -> Run | None:
    """The run of this launch, when torchrun starts its processes anew after one of them died."""
    peers = world()
    if not peers.restarts or not peers.writes:
        return None
    for file in sorted(Path(config.runs_dir).glob("*/*/provenance.json"), reverse=True):
        run = Run(file.parent.resolve())
        facts = run.load_json(file.name)
        if (facts.get("launch"), facts["config_hash"]) == (peers.launch, parse.config_hash(config)):
            return run
    return None


def _study(config: Config, overrides: Sequence[str], arguments: Sequence[str], compose: Compose) -> None:
    """Train every member, then compare them."""
    if world().size > 1:
        raise UsageError("seeds and variants train one run after the other; start them without torchrun")
    members = study.members(config, overrides, compose)
    run = _training_run(config)
    if run is None:
        for member in members:
            check_inputs(member.config)
        run = create_run(config, f"{config.data.name}-study", arguments)
    with log_to(run.file("log.txt")):
        try:
            study.train_members(run, members, lambda member, *rest: train(member.config, arguments, *rest))
        except BaseException:
            logger.info("study: the same command with run=%s/%s goes on", run.path.parent.name, run.path.name)
            raise
        run_stages(study.comparing(config), run)


def _compare(config: Config, arguments: Sequence[str]) -> None:
    """Compare what `run=` names, in a folder of its own."""
    if not config.runs:
        raise UsageError("compare takes run=[A,B,…]: finished runs, a study, or folders of predictions")
    run = create_run(config, "comparison", arguments, config.output)
    with log_to(run.file("log.txt")):
        run_stages(study.comparing(config), run)


def _judge_elsewhere(config: Config, arguments: Sequence[str], folder: Path) -> None:
    """Measure predictions that another tool made."""
    if config.output is None:
        raise UsageError("predictions= needs output=DIR, the folder for the results")
    check_slices(config)
    wanted = config.mode.first.external_split
    found = {split: read_predictions(folder, split) for split in SPLITS if holds_predictions(folder, split)}
    if wanted not in found:
        raise UsageError(f"predictions={folder} holds neither {wanted}.npz nor {wanted}.csv")
    run = create_run(config, "", arguments, config.output)
    for split, predictions in found.items():
        save_predictions(run, split, predictions)
    run.save_json("classes.json", class_names(folder))
    with log_to(run.file("log.txt")):
        run_stages(config.model_copy(update={"tracking": config.tracking.model_copy(update={"name": "none"})}), run)
