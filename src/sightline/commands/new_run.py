"""A new run: what it asks for is there, and its folder says what was asked."""

from collections.abc import Sequence
from pathlib import Path

from sightline.config import parse
from sightline.config.data import CsvData
from sightline.config.schema import Config
from sightline.data.sources.find import find, find_unknown
from sightline.data.sources.table import columns_of
from sightline.errors import DiskError, UsageError
from sightline.machine.distributed import world
from sightline.machine.provenance import provenance
from sightline.models.names import check_model
from sightline.run.folder import Run
from sightline.run.ownership import MARK, MARKER


def check_inputs(config: Config) -> None:
    """Refuse what is not there before a run is made and torch is imported."""
    check_model(config.model)
    find(config.data)
    check_unknown_images(config)
    check_slices(config)


def check_unknown_images(config: Config) -> None:
    """Refuse images of another kind that are not there, before anything is trained or any label read."""
    if config.evaluation.ood is not None:
        find_unknown(config.evaluation.ood)


def check_slices(config: Config) -> None:
    """Refuse columns that no table has, before anything is trained or any label read."""
    if not config.evaluation.slices:
        return
    if config.predictions is not None or not isinstance(config.data, CsvData):
        raise UsageError("evaluation.slices names columns of data.manifest, so it takes a run with data=csv")
    columns_of(config.data, [], config.evaluation.slices)


def create_run(config: Config, family: str, arguments: Sequence[str], folder: Path | None = None) -> Run:
    """A new run that knows what was asked: in this very folder, or in one of the family's under `runs_dir`."""
    label = f"{parse.config_hash(config)}-s{config.seed}"
    run = Run.at(folder) if folder else Run.create(Path(config.runs_dir), family, label)
    note_question(run, config, arguments)
    return run


def note_question(run: Run, config: Config, arguments: Sequence[str]) -> None:
    """Write what was asked, and with what, into a run; and that the folder was made here.

    Raises:
        DiskError: they cannot be written; the run is gone again.
    """
    facts = provenance(["sightline", *arguments], parse.config_hash(config))
    try:
        run.save_text(MARKER, MARK)
        run.save_text("config.yaml", parse.to_yaml(config))
        run.save_json("provenance.json", {**facts, "processes": world().size, "launch": world().launch})
    except OSError as error:
        run.discard_if_unused()
        raise DiskError(f"{run.path} cannot be written: {error.strerror}; nothing was begun") from error
