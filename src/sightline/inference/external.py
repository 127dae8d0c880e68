"""What a run holds of predictions that another tool made, besides the predictions themselves."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from sightline.run.external.folder import Split
from sightline.run.external.prediction_file import PredictionFile
from sightline.run.folder import Run, SplitName
from sightline.run.records import ExternalSplit

EXTERNAL = "external.json"


def to_json(files: Mapping[Split, PredictionFile]) -> dict[Split, ExternalSplit]:
    """The content of `external.json`, by split."""
    return {split: {"groups": _by_id(file), "notes": list(file.notes)} for split, file in files.items()}


def external_groups(run: Run, split: SplitName, ids: NDArray[np.str_]) -> NDArray[np.str_] | None:
    """(n,) the group of each of these items, where the file of that split named groups."""
    groups = _read(run, split)["groups"]
    return None if groups is None else np.array([groups[name] for name in ids.tolist()])


def external_notes(run: Run, split: SplitName) -> list[str]:
    """How the file of that split was read; nothing for a run with a model."""
    return _read(run, split)["notes"]


def _read(run: Run, split: SplitName) -> ExternalSplit:
    content: Mapping[str, ExternalSplit] = run.load_json(EXTERNAL) if run.has(EXTERNAL) else {}
    return content.get(split, {"groups": None, "notes": []})


def _by_id(file: PredictionFile) -> dict[str, str] | None:
    if file.groups is None:
        return None
    return dict(zip(file.predictions.ids.tolist(), file.groups.tolist(), strict=True))
