"""One training under a command: in a new run, in the run that is named, or in the one that torchrun starts anew."""

from collections.abc import Callable, Sequence
from pathlib import Path

from sightline.commands.new_run import check_inputs, create_run
from sightline.commands.pipeline import run_shared_stages, run_stages
from sightline.commands.writing import writing
from sightline.config import parse, stored
from sightline.config.data import name_for_runs
from sightline.config.schema import Config
from sightline.errors import RunFailedError
from sightline.machine.distributed import world
from sightline.machine.terminal import show_log
from sightline.run.folder import Run
from sightline.run.ownership import check_writable


def train(
    config: Config,
    arguments: Sequence[str] = (),
    run: Run | None = None,
    begun: Callable[[Run], None] | None = None,
) -> Run:
    """Call the stages of a mode that trains.

    Args:
        config: of the training.
        arguments: as typed, for the record.
        run: to go on with; None makes a new one.
        begun: is told the run before its first stage.
    """
    if not world().writes:
        show_log(silent=True)
        run_shared_stages(config)
        return Run(Path(config.runs_dir), writes=False)
    if run is None:
        check_inputs(config)
        run = create_run(config, f"{name_for_runs(config.data)}-{config.model.name}", arguments)
    with writing(run, arguments):
        if begun:
            begun(run)
        run_stages(config, run)
    return run


def run_to_resume(config: Config) -> Run | None:
    """The run to go on with: the one that is named, or the one of this launch that torchrun starts anew.

    Raises:
        UsageError: it is another training.
    """
    if config.one_run is None:
        return _run_of_this_launch(config)
    run = Run.open(config.one_run, Path(config.runs_dir))
    now = config.model_dump(mode="json")
    check_writable(run.path)
    stored.check_same_training(parse.read(run.path / "config.yaml", now).model_dump(mode="json"), now)
    return run


def _run_of_this_launch(config: Config) -> Run | None:
    """The run that torchrun's processes had begun before one of them died and all were started anew."""
    peers = world()
    if not peers.restarts or not peers.writes:
        return None
    for file in sorted(Path(config.runs_dir).glob("*/*/provenance.json"), reverse=True):
        run = Run(file.parent.resolve())
        try:
            facts = run.load_json(file.name)
        except RunFailedError:  # somebody else's
            continue
        if (facts.get("launch"), facts["config_hash"]) == (peers.launch, parse.config_hash(config)):
            return run
    return None
