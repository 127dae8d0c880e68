"""A new run: what it asks for is there, and its folder says what was asked."""

from collections.abc import Sequence
from pathlib import Path

from sightline.config import parse
from sightline.config.data import CsvData
from sightline.config.schema import Config
from sightline.data.sources.find import find
from sightline.data.sources.table import columns_of
from sightline.errors import UsageError
from sightline.machine.distributed import world
from sightline.machine.provenance import provenance
from sightline.models.names import check_model
from sightline.run.folder import Run


def check_inputs(config: Config) -> None:
    """Refuse what is not there before a run is made and torch is imported."""
    check_model(config.model)
    find(config.data)
    check_unknown_images(config)
    check_slices(config)


def check_unknown_images(config: Config) -> None:
    """Refuse images of another kind that are not there, before anything is trained or any label read."""
    if config.evaluation.ood is not None:
        find(config.evaluation.ood)


def check_slices(config: Config) -> None:
    """Refuse columns that no table has, before anything is trained or any label read."""
    if not config.evaluation.slices:
        return
    if config.predictions is not None or not isinstance(config.data, CsvData):
        raise UsageError("evaluation.slices names columns of data.manifest, so it takes a run with data=csv")
    columns_of(config.data, [], config.evaluation.slices)


def create_run(config: Config, family: str, arguments: Sequence[str], output: str | None = None) -> Run:
    """A new run that knows what was asked."""
    label = f"{parse.config_hash(config)}-s{config.seed}"
    run = Run.at(Path(output)) if output else Run.create(Path(config.runs_dir), family, label)
    if run.has("checkpoints/best.pt"):
        raise UsageError(f"output={output} is a run of its own; take another folder")
    run.save_text("config.yaml", parse.to_yaml(config))
    facts = provenance(["sightline", *arguments], parse.config_hash(config))
    run.save_json("provenance.json", {**facts, "processes": world().size, "launch": world().launch})
    return run
