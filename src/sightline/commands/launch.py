"""From a command to the run that it is about: made, resumed or opened, and its stages called in order."""

from pathlib import Path

from sightline.commands.command import Command
from sightline.commands.modes import comparison, without_tracking
from sightline.commands.new_run import check_slices, check_unknown_images, create_run
from sightline.commands.pipeline import run_stages
from sightline.commands.study import run_study
from sightline.commands.train import run_to_resume, train
from sightline.config import parse, stored
from sightline.config.stages import STAGES
from sightline.errors import UsageError
from sightline.inference.external import EXTERNAL, to_json
from sightline.inference.find_systems import CLASSES
from sightline.inference.predictions import save_predictions
from sightline.machine.terminal import log_to, logger
from sightline.run.external import class_names, read_folder
from sightline.run.folder import Run


def execute(command: Command) -> None:
    """Do what a command asks for; what its first stage needs says what that is."""
    config = command.config
    needs = config.mode.first.needs
    if needs == "search":
        from sightline.commands.sweep import run_sweep  # it imports Optuna

        run_sweep(command)
    elif config.is_study:
        run_study(command)
    elif needs == "new run":
        train(config, command.arguments, run_to_resume(config))
    elif needs == "finished runs":
        _compare(command)
    elif config.predictions is not None:
        _measure_external(command, Path(config.predictions))
    else:
        _continue_run(command)


def _continue_run(command: Command) -> None:
    """Call later stages on a finished run, with the configuration it was trained with."""
    run = Run.open(command.config.one_run or "latest", Path(command.config.runs_dir))
    now = command.config.model_dump(mode="json")
    before = parse.read(run.path / "config.yaml", now).model_dump(mode="json")
    config = parse.parse(stored.with_overrides(before, now, command.overrides))
    check_slices(config)
    if "evaluate" in config.mode.stages:
        check_unknown_images(config)
    if any(STAGES[name].writes for name in config.mode.stages):
        run.check_writable()
    with log_to(run.file("log.txt")):
        run_stages(config, run)


def _compare(command: Command) -> None:
    """Compare what `run=` names, in a folder of its own."""
    config = command.config
    if not config.runs:
        raise UsageError("compare takes run=[A,B,…]: finished runs, a study, or folders of predictions")
    run = create_run(config, "comparison", command.arguments, config.output)
    with log_to(run.file("log.txt")):
        run_stages(comparison(config), run)


def _check_output(output: Path, folder: Path) -> None:
    """Refuse a folder with results of other predictions: what was calibrated there is not about these.

    Raises:
        UsageError: it is one.
    """
    if (output / "config.yaml").is_file():
        before = parse.load(output / "config.yaml").get("predictions")
        if before is not None and Path(str(before)).resolve() != folder.resolve():
            raise UsageError(f"output={output} holds results of predictions={before}; take another folder")


def _measure_external(command: Command, folder: Path) -> None:
    """Measure predictions that another tool made, in a folder of their own."""
    config = command.config
    if config.output is None:
        raise UsageError("predictions= needs output=DIR, the folder for the results")
    check_slices(config)
    _check_output(Path(config.output), folder)
    found = read_folder(folder)
    wanted = config.mode.first.external_split
    if wanted not in found:
        raise UsageError(f"predictions={folder} holds neither {wanted}.npz nor {wanted}.csv")
    run = create_run(config, "", command.arguments, config.output)
    for split, file in found.items():
        save_predictions(run, split, file.predictions)
    run.save_json(CLASSES, class_names(found))
    run.save_json(EXTERNAL, to_json(found))
    with log_to(run.file("log.txt")):
        for split, note in ((split, note) for split, file in found.items() for note in file.notes):
            logger.warning("%s, %s: %s", folder, split, note)
        run_stages(without_tracking(config), run)
