"""A part of a run: what it holds of one of several targets, seen as if it were a run of that target alone."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from sightline.run.folder import Run
from sightline.run.stored import Stored

if TYPE_CHECKING:
    from numpy.typing import NDArray

MADE_FROM: Final = "made_from"
SHARED: Final = ("evaluation.json", "calibration.json")
"""Files that hold the results of every target, each under its name."""
APART: Final = ("figures/", "examples/")
"""Folders in which the files of a target begin with its name."""


class PartOfRun(Run):
    """The same folder; results are those of one target.

    Args:
        run: the whole.
        target: the name of the target.
    """

    def __init__(self, run: Run, target: str) -> None:
        super().__init__(run.path, writes=run.writes)
        self._whole = run
        self._target = target
        self.stage = run.stage

    def has(self, name: str) -> bool:
        """Whether the file is there, and of shared files whether this target has a part in it."""
        if name in SHARED:
            return self._whole.has(name) and self._target in self._whole.load_json(name)
        return super().has(self._own(name))

    def load_json(self, name: str) -> Any:
        """Of a shared file the part of this target, and what the file was made from."""
        content = self._whole.load_json(self._own(name))
        if name not in SHARED:
            return content
        made_from = [(MADE_FROM, content[MADE_FROM])] if MADE_FROM in content else []
        return Stored(self.path, name, [*content[self._target].items(), *made_from])

    def load_arrays(self, name: str) -> dict[str, "NDArray[Any]"]:
        """Of this target."""
        return self._whole.load_arrays(self._own(name))

    def save_with(self, name: str, write: Callable[[BinaryIO], object]) -> Path:
        """Under the name of the target."""
        return self._whole.save_with(self._own(name), write)

    def remove(self, name: str) -> None:
        """Delete a file of this target, if it is there."""
        self._whole.remove(self._own(name))

    def _own(self, name: str) -> str:
        folder = next((folder for folder in APART if name.startswith(folder)), None)
        return name if folder is None else f"{folder}{self._target}_{name.removeprefix(folder)}"
