"""The files of a run, each read when it is first asked for; whatever is missing is None or empty."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, Generic, TypeVar, cast

from PIL import Image

from sightline.config.model import kind_of
from sightline.config.yaml_files import read_yaml
from sightline.run.folder import Run
from sightline.run.ledger import LabelUses, count_uses
from sightline.run.origin import load_current, obstacle, staleness
from sightline.run.part import PartOfRun
from sightline.run.photos import PHOTOS, Photos
from sightline.run.records import LedgerRow
from sightline.run.stored import damaged

T = TypeVar("T")


@dataclass(frozen=True)
class JsonFile(Generic[T]):
    """The name of a JSON file of a run; T is what it holds."""

    name: str


@dataclass(frozen=True)
class JsonLines(Generic[T]):
    """The name of a file of a run with JSON in each line; T is what a line holds."""

    name: str


TASK_OF_TARGET: Final = {"label": "classification", "mask": "segmentation"}
"""What a model is for that learns one target alone."""

ROMANISED: Final = "Romanised"
"""The text of a PNG file that says which words of names no font could write: a JSON object."""
LEDGER: Final = JsonLines[LedgerRow]("test_ledger.jsonl")


class Contents:
    """What a run folder holds, for whoever writes about it.

    Args:
        run: the folder.
        target: the only one of several targets that results and figures are to be about; empty: the run has one.

    Raises:
        RunFailedError: a file that is asked for is there but damaged.
        UsageError: it is about other weights, or other files, than the run holds now.
    """

    def __init__(self, run: Run, target: str = "") -> None:
        self._run = PartOfRun(run, target) if target else run
        self.target = target
        self._read: dict[str, object] = {}

    @property
    def name(self) -> str:
        """The run's folder and the folder above it."""
        return f"{self._run.path.parent.name}/{self._run.path.name}"

    def has(self, file: JsonFile[T]) -> bool:
        """Whether a JSON file is there."""
        return self._run.has(file.name)

    def read(self, file: JsonFile[T]) -> T | None:
        """What a JSON file holds."""
        if file.name not in self._read:
            self._read[file.name] = self._object(file.name) if self._run.has(file.name) else None
        return cast("T | None", self._read[file.name])

    def staleness(self, file: JsonFile[T]) -> str:
        """Why a file that is there is not about what the run holds now; empty where it is, or is not there."""
        return staleness(self._run, file.name) if self._run.has(file.name) else ""

    def _object(self, name: str) -> object:
        content = load_current(self._run, name)
        if not isinstance(content, Mapping):
            raise damaged(self._run.path, name, "it is no JSON object")
        return content

    def rows(self, file: JsonLines[T]) -> list[T]:
        """The lines of a file; one that is torn is left out."""
        return cast("list[T]", self._run.rows(file.name))

    def torn_lines(self, file: JsonLines[T]) -> int:
        """How many lines of a file are torn."""
        return len(self._run.torn_lines(file.name))

    def text(self, name: str) -> str:
        """A text file as it stands."""
        return (
            (self._run.path / name).read_text(encoding="utf-8", errors="backslashreplace")
            if self._run.has(name)
            else ""
        )

    @cached_property
    def figures(self) -> Mapping[str, Path]:
        """The figures by the stem of their file name, without the target that they are of."""
        found = {path.stem: path for path in sorted((self._run.path / "figures").glob("*.png"))}
        if self.target:
            first = f"{self.target}_"
            return {stem.removeprefix(first): path for stem, path in found.items() if stem.startswith(first)}
        of_targets = {path for one in self.by_target if one is not self for path in one.figures.values()}
        return {stem: path for stem, path in found.items() if path not in of_targets}

    @cached_property
    def photos(self) -> Photos:
        """Photos that were kept of single images; none where they are of other weights."""
        if not self._run.has(PHOTOS) or obstacle(self._run, PHOTOS):
            return Photos("", {}, {})
        return Photos.from_arrays(self._run.load_arrays(PHOTOS))

    @cached_property
    def romanised(self) -> Mapping[str, str]:
        """Words of names that figures write in Latin letters, and how; each figure says so itself."""
        found: dict[str, str] = {}
        for path in self.figures.values():
            with suppress(OSError, ValueError), Image.open(path, formats=["PNG"]) as image:
                found |= json.loads(image.info.get(ROMANISED, "{}"))
        return found

    @cached_property
    def _config(self) -> object:
        return (read_yaml(self._run.path / "config.yaml") if self._run.has("config.yaml") else None) or {}

    def setting(self, dotted: str, default: object = None) -> object:
        """A value of the configuration by its dotted key."""
        value = self._config
        for key in dotted.split("."):
            if not isinstance(value, Mapping) or key not in value:
                return default
            value = value[key]
        return value

    @property
    def task(self) -> str:
        """What the model was trained for, or the part of it that learned the target; without a model, one label."""
        return TASK_OF_TARGET[self.target] if self.target else kind_of(self.setting("model")).task

    @cached_property
    def by_target(self) -> Sequence["Contents"]:
        """The same of each target of a model of several, results and figures apart; else these contents."""
        targets = kind_of(self.setting("model")).targets
        if self.target or len(targets) == 1:
            return (self,)
        return [Contents(self._run, target) for target in targets]

    @property
    def external(self) -> bool:
        """Whether another tool made the predictions: nothing is known of its model, its training or its images."""
        return self._run.has("external.json")

    @property
    def test_uses(self) -> LabelUses:
        """How often the test labels were used."""
        return count_uses(self.rows(LEDGER))
