"""The search of a sweep by its name, which is typed or made from the data, the model and all that is fixed."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from sightline.config.data import name_for_runs
from sightline.config.schema import Config
from sightline.sweep.search import Search
from sightline.sweep.storage import StudyLocation


def open_search(config: Config, base: Config, shared: Mapping[str, object]) -> Search:
    """The search that a command means; one that an earlier version began under its own name goes on.

    Args:
        config: of the command.
        base: of a trial, with nothing chosen.
        shared: what the trials share, as plain values by dotted key.

    Raises:
        UsageError: the storage cannot be opened.
    """
    name, *former = [config.sweep.name] if config.sweep.name else default_names(base, shared)
    for other in former:
        if (search := _search(config, other)).exists():
            return search
    return _search(config, name)


def default_names(base: Config, shared: Mapping[str, object]) -> list[str]:
    """The name that a search gets, after a folder or table of one's own, and the one that earlier versions gave."""
    digest = hashlib.sha256(json.dumps(shared, sort_keys=True).encode()).hexdigest()[:8]
    labels = dict.fromkeys((name_for_runs(base.data), base.data.name))  # alike where there is no folder
    return [f"{label}-{base.model.name}-{digest}" for label in labels]


def _search(config: Config, name: str) -> Search:
    location = StudyLocation.parse(config.sweep.storage, Path(config.runs_dir), name)
    return Search(config.sweep, location, config.seed)
