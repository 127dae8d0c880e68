"""Calls the stages of a mode in order, mirrors the run to its tracker, and keeps the traceback of what goes wrong."""

import traceback
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from sightline.commands.mirroring import Mirroring
from sightline.config.mode import StageName
from sightline.config.schema import Config
from sightline.config.stages import STAGES
from sightline.errors import DiskError, RunFailedError, SightlineError, UsageError
from sightline.machine.credentials import hidden
from sightline.machine.device import has_cuda
from sightline.machine.distributed import broadcast_object, process_group, world
from sightline.machine.environment import prepare_torch
from sightline.machine.free_space import is_failing_disk, is_full_disk, refusal_of_the_disk
from sightline.machine.memory import is_out_of_memory, release
from sightline.machine.signals import ANEW, Interrupted, check_stop, close_after_stop, going_on
from sightline.run.folder import Run

if TYPE_CHECKING:
    from collections.abc import Callable

    StageFunction = Callable[[Config, Run], dict[str, float]]


def run_stages(config: Config, run: Run) -> dict[StageName, dict[str, float]]:
    """Run every stage of the mode; each reads from the run and writes to it.

    Returns:
        The numbers of each stage.

    Raises:
        SightlineError: a stage failed or refused. A run that holds nothing yet is removed on a mistake of the command.
    """
    mirroring = Mirroring(config, run)
    found: dict[StageName, dict[str, float]] = {}
    try:
        with going_on(_how_to_go_on(config, run)):
            prepare_torch()
            for name in config.mode.stages:
                check_stop()
                if STAGES[name].settles:
                    config = mirroring.config = _settled(config, run)
                mirroring.before(name)
                with run.entering(name):
                    found[name] = _call(name, config, run)
                release()
                mirroring.sync()
            check_stop()
            mirroring.log_model()
    except BaseException as error:
        if isinstance(error, Interrupted):
            close_after_stop()
        mirroring.fail(error)
        if isinstance(error, UsageError):
            run.discard_if_unused()
        if isinstance(error, SightlineError) or not isinstance(error, Exception):
            raise
        raise _failure(error, run) from error
    try:
        mirroring.finish()
    except OSError as error:
        raise _failure(error, run) from error
    return found


def _how_to_go_on(config: Config, run: Run) -> str:
    """How a command that is stopped goes on."""
    if config.mode.first.needs == "finished runs":
        return ANEW
    if config.predictions is not None:
        return "the same command goes on"
    place = f"run={run.path.parent.name}/{run.path.name}"
    if config.mode.first.needs == "new run":
        return f"go on with {place}"
    return f"the same command with {place} goes on"


def run_shared_stages(config: Config) -> None:
    """What a process does that does not write: it takes part in training, and leaves the other stages to the first."""
    shared = [name for name in config.mode.stages if STAGES[name].every_process]
    if shared:
        prepare_torch()
        try:
            for name in shared:
                _call(name, config, None)
        except Exception as error:
            if isinstance(error, SightlineError):
                raise
            raise RunFailedError(f"process {world().rank}: {type(error).__name__}: {error}") from error


def _call(name: StageName, config: Config, run: Run | None) -> dict[str, float]:
    """Call a stage; one of all processes, in the run that the first of them opened."""
    stage = _stage(name)
    if not STAGES[name].every_process:
        assert run is not None, f"{name} is for the process that writes"
        return stage(config, run)
    with process_group(cuda=config.device in {"auto", "cuda"} and has_cuda()):
        path, config = broadcast_object((str(run.path) if run else "", config))  # with what the first has settled
        return stage(config, run or Run(Path(path), writes=False))


def _settled(config: Config, run: Run) -> Config:
    """The configuration with numbers wherever a rule was to decide them."""
    from sightline.commands.settle import settle  # it imports torch

    return settle(config, run)


def _failure(error: Exception, run: Run) -> RunFailedError:
    """What a person is told of an error that nobody expected; its traceback goes into the log while it can."""
    again = f"then go on with run={run.path.parent.name}/{run.path.name}"
    if isinstance(error, OSError) and is_full_disk(error):
        return DiskError(f"{run.path} cannot grow: {error.strerror}; free some space, {again}")
    if isinstance(error, OSError) and is_failing_disk(error):
        place = error.filename2 or error.filename or run.path
        return DiskError(f"{place} cannot be read or written: {error.strerror}; see to the disk, {again}")
    if isinstance(error, OSError) and (refused := refusal_of_the_disk(error)):
        return DiskError(refused)
    log = _keep_traceback(run)
    if is_out_of_memory(error):
        remedy = "lower training.batch_size or evaluation.batch_size, or take data.store=disk or a smaller image_size"
        return RunFailedError(
            f"out of memory: {str(error).splitlines()[0] if str(error) else 'no more to be had'}; {remedy}"
        )
    return RunFailedError(f"{type(error).__name__}: {error}\n{log}")


def _keep_traceback(run: Run) -> str:
    """Where the traceback of the error at work is: in the log, else here."""
    text = hidden(traceback.format_exc())
    try:
        run.append_text("log.txt", text)
    except OSError:
        return text
    return f"the traceback is in {run.path / 'log.txt'}"


def _stage(name: StageName) -> "StageFunction":
    """The function of a stage, imported when its turn comes: a report needs no torch. The table is closed."""
    if name not in STAGES:
        raise AssertionError(f"{name!r} is no stage")
    run: StageFunction = import_module(f"sightline.stages.{name}").run
    return run
