"""From a command to the run that it is about: made, resumed or opened, and its stages called in order."""

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from sightline.commands.command import Command
from sightline.commands.load import with_stored
from sightline.commands.modes import comparison, without_tracking
from sightline.commands.new_run import check_slices, check_unknown_images, create_run, note_question
from sightline.commands.pipeline import run_stages
from sightline.commands.study import run_study
from sightline.commands.train import run_to_resume, train
from sightline.commands.unused import refuse_unused
from sightline.commands.writing import (
    anything_of_ours,
    comparison_or_new,
    no_report_of_its_own,
    output_folder,
    results_of,
    writing,
)
from sightline.config.model import some_unet
from sightline.config.schema import Config
from sightline.config.stages import STAGES
from sightline.config.targets import problem_of_idle, problem_of_targets
from sightline.errors import UsageError
from sightline.inference.external import EXTERNAL, to_json
from sightline.inference.find_systems import CLASSES
from sightline.inference.predictions import save_predictions
from sightline.machine.terminal import log_to, logger
from sightline.run.external.folder import check_folder, class_names, read_folder
from sightline.run.folder import Run
from sightline.run.ownership import check_writable


def execute(command: Command) -> None:
    """Do what a command asks for; what its first stage needs says what that is."""
    refuse_unused(command)
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
    named = command.config.one_run or "latest"
    run = Run.open(named, Path(command.config.runs_dir))
    if named == "latest":
        logger.info("run: the latest, %s/%s", run.path.parent.name, run.path.name)
    config = with_stored(run, command.config, command.overrides)
    if problem := problem_of_targets(config) or problem_of_idle(config, command.overrides):
        raise UsageError(problem)
    check_slices(config)
    if "evaluate" in config.mode.stages:
        check_unknown_images(config)
    _run_later_stages(config, run, command.arguments)


def _run_later_stages(config: Config, run: Run, arguments: Sequence[str]) -> None:
    """Call stages on a run: as its one writer, or as one of its readers."""
    stages = [STAGES[name] for name in config.mode.stages]
    of_new_images = config.mode.first.takes_input and config.input is not None
    if of_new_images:
        config = without_tracking(config)  # they are no part of the run
    if not any(stage.writes for stage in stages) or (of_new_images and config.output is not None):
        output = nullcontext() if config.output is None else output_folder(config.output, arguments, anything_of_ours)
        with output, log_to(run.path / "log.txt"):
            run_stages(config, run)
    elif config.mode.name == "report" and config.output is not None:
        with output_folder(config.output, arguments, no_report_of_its_own), log_to(run.path / "log.txt"):
            run_stages(without_tracking(config), run)
    else:
        uses_labels = any(stage.reads_test_labels for stage in stages)
        check_writable(run.path, ", so its use of the test labels cannot be entered" if uses_labels else "")
        with writing(run, arguments):
            run_stages(config, run)


def _compare(command: Command) -> None:
    """Compare what `run=` names, in a folder of its own."""
    config = command.config
    if not config.runs:
        raise UsageError("compare takes run=[A,B,…]: finished runs, a study, or folders of predictions")
    if config.output is not None:
        with output_folder(config.output, command.arguments, comparison_or_new) as run, log_to(run.file("log.txt")):
            note_question(run, config, command.arguments)
            run_stages(comparison(config), run)
        return
    run = create_run(config, "comparison", command.arguments)
    with writing(run, command.arguments):
        run_stages(comparison(config), run)


def _measure_external(command: Command, folder: Path) -> None:
    """Measure predictions that another tool made, in a folder of their own."""
    config, output = command.config, command.config.output
    if output is None:
        raise UsageError("predictions= needs output=DIR, the folder for the results")
    check_slices(config)
    check_folder(folder)
    found = read_folder(folder)
    wanted = config.mode.first.external_split
    if wanted not in found:
        raise UsageError(f"predictions={folder} holds neither {wanted}.npz nor {wanted}.csv")
    if found[wanted].of_masks:
        config = config.model_copy(update={"model": some_unet()})
    with output_folder(output, command.arguments, results_of(folder)) as run, log_to(run.file("log.txt")):
        note_question(run, config, command.arguments)
        for split, file in found.items():
            save_predictions(run, split, file.predictions)
        run.save_json(CLASSES, class_names(found))
        run.save_json(EXTERNAL, to_json(found))
        for split, note in ((split, note) for split, file in found.items() for note in file.notes):
            logger.warning("%s, %s: %s", folder, split, note)
        run_stages(without_tracking(config), run)
