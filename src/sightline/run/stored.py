"""Reading files of a run; one that is damaged is named, and how to have it written anew."""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from sightline.config.stages import STAGES, writer_of
from sightline.errors import RunFailedError
from sightline.run.archives import read_npz
from sightline.run.schema import FILES, ROWS, flaw, flaw_of_row
from sightline.run.seal import broken_seal


class DamagedFileError(RunFailedError):
    """A file of a run cannot be used.

    Args:
        fault: which, and why.
        remedy: how to have it written anew.
    """

    def __init__(self, fault: str, remedy: str) -> None:
        super().__init__(f"{fault}; {remedy}")
        self.fault = fault


class Stored(dict[str, Any]):
    """What a file holds, by name; where something lacks, the file is named.

    Args:
        run: the folder of the run.
        name: of the file in it.
        items: keys and values.
    """

    def __init__(self, run: Path, name: str, items: Iterable[tuple[str, Any]]) -> None:
        super().__init__(items)
        self._run = run
        self._name = name

    def __missing__(self, key: str) -> Any:
        raise damaged(self._run, self._name, f"it lacks {key}")

    def __reduce__(self) -> tuple[Any, ...]:
        return Stored, (self._run, self._name, list(self.items()))


def read_json(run: Path, name: str) -> Any:
    """The content of a file of JSON, which is there.

    Raises:
        RunFailedError: it is damaged, or holds something else than `schema` says; later, a key is asked for that an
            object in it lacks.
    """
    try:
        content = json.loads((run / name).read_bytes(), object_pairs_hook=partial(Stored, run, name))
        reason = flaw(content, FILES[name]) if name in FILES else ""
    except (ValueError, RecursionError) as error:
        raise damaged(run, name, str(error)) from error
    if reason:
        raise damaged(run, name, reason)
    return content


def checked_rows(run: Path, name: str, rows: Sequence[Mapping[str, Any]]) -> list[Any]:
    """The rows of a file of JSON lines.

    Raises:
        RunFailedError: one is not what the file must hold; later, a key is asked for that it lacks.
    """
    for number, row in enumerate(rows, start=1):
        if name in ROWS and (reason := flaw_of_row(row, ROWS[name])):
            raise damaged(run, name, f"in row {number}, {reason}")
    return [Stored(run, name, row.items()) for row in rows]


def read_arrays(run: Path, name: str) -> dict[str, Any]:
    """The arrays of an `.npz` file, which is there.

    Raises:
        RunFailedError: it is damaged; later, an array is asked for that it lacks.
    """
    try:
        if reason := broken_seal(run / name):
            raise damaged(run, name, reason)
        return Stored(run, name, read_npz(run / name).items())
    except (OSError, ValueError) as error:
        raise damaged(run, name, str(error)) from error


def damaged(run: Path, name: str, reason: str) -> DamagedFileError:
    """What a person is told of a file of a run that cannot be used."""
    writer = writer_of(name)
    made_once = STAGES[writer].needs == "new run"
    remedy = "train the run anew" if made_once else f"remove it, and mode `{writer}` writes it anew"
    if name.endswith(".jsonl"):
        remedy = "mend that line, or remove it"
    return DamagedFileError(f"{run / name} is damaged: {reason}", remedy)
