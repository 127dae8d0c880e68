"""What a file of a run was made from: it says so by digests, so that none is taken for one of other weights."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sightline.config.stages import STAGES, writer_of
from sightline.errors import UsageError
from sightline.run.folder import Run
from sightline.run.seal import digest_of, is_sealed
from sightline.run.stored import DamagedFileError

MADE_FROM: Final = "made_from"
"""The key of a JSON file, and the array of an `.npz` file, that holds its origin."""
WEIGHTS: Final = "checkpoints/best.pt"
PREPROCESSING: Final = "preprocessing.json"
SPLIT: Final = "split.json"
SOURCES: Final = (WEIGHTS, PREPROCESSING, SPLIT, "classes.json", "external.json")
"""What the answers of a model hang on, and what is known of those of another tool."""
NOT_SAID: Final = "does not say which weights it was made from"

Origin = dict[str, str]
"""Digests of files by their names, within the run or from its folder."""


def origin_of(run: Run, *names: str) -> Origin:
    """The digests of those of these files that are there, and of all that they were made from."""
    found: Origin = {}
    for name in names:
        within = run.has(name) and not name.startswith("..")
        found |= (_made_from(run, name) or {}) if within else {}
    return dict(sorted((found | digests_of(run, *names)).items()))


def digests_of(run: Run, *names: str) -> Origin:
    """The digests of those of these files that are there; of others than the run's, by the way to them."""
    return {name: digest_of(run.path / name) for name in names if run.has(name)}


def save_derived(run: Run, name: str, content: Mapping[str, object], origin: Origin) -> None:
    """Write JSON that says what it was made from."""
    run.save_json(name, {**content, MADE_FROM: origin})


def as_array(origin: Origin) -> NDArray[np.str_]:
    """(k, 2) names and digests, for an `.npz` file."""
    return np.array(list(origin.items()), dtype=np.str_).reshape(-1, 2)


def staleness(run: Run, name: str) -> str:
    """Why a file is not about what the run holds now; empty where it is, as far as it and the sources say.

    A source that is gone contradicts nothing. A file of an earlier version does not say its origin, which is enough
    while the weights are of one, too.

    Raises:
        RunFailedError: the file is damaged, or one that it was made from.
    """
    if not STAGES[writer_of(name)].needs.startswith("finished"):
        return ""
    origin = _made_from(run, name)
    if origin is None:
        return NOT_SAID if run.has(WEIGHTS) and is_sealed(run.path / WEIGHTS) else ""
    for source, digest in origin.items():
        if run.has(source) and digest_of(run.path / source) != digest:
            if source.endswith(".json"):
                run.load_json(source)  # a damaged one is named itself
            return f"was made from another {source} than there is now"
    return ""


def obstacle(run: Run, name: str) -> str:
    """Why a file cannot be taken, in one line: it is damaged or not about what is there now; empty where it can."""
    try:
        reason = staleness(run, name)
    except DamagedFileError as error:
        return error.fault
    return f"{run.path / name} {reason}" if reason else ""


def check_current(run: Run, name: str) -> None:
    """Refuse a file that is not about what the run holds now.

    Raises:
        UsageError: it is none; the mode that makes it anew is named.
    """
    if reason := staleness(run, name):
        raise UsageError(f"{run.path / name} {reason}; mode `{writer_of(name)}` makes it anew")


def load_current(run: Run, name: str) -> Any:
    """Read JSON that was made from what the run holds now.

    Raises:
        UsageError: it is missing, or was not.
        RunFailedError: it is damaged.
    """
    check_current(run, name)
    return run.load_json(name)


def _made_from(run: Run, name: str) -> Origin | None:
    """What a file says; None of one that does not, and of kinds that never do."""
    if name.endswith(".npz"):
        arrays = run.load_arrays(name)
        return {str(key): str(value) for key, value in arrays[MADE_FROM]} if MADE_FROM in arrays else None
    if not name.endswith(".json"):
        return None
    content = run.load_json(name)
    found = content.get(MADE_FROM) if isinstance(content, Mapping) else None
    return dict(found) if isinstance(found, Mapping) else None
