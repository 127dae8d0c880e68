"""What stages after training ask of a task: results, explanations, rows of answers, means of several members."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from sightline.models.outputs import Outputs

if TYPE_CHECKING:
    from sightline.inference.collector import Collector
    from sightline.metrics.documents.interval import IntervalJson
    from sightline.metrics.documents.robustness import ShiftedSets
    from sightline.reporting.sections.blocks import Table
    from sightline.run.folder import Run, SplitName

AnyPredictions = Any
"""Predictions of the kind that the task's own collector makes."""

JsonRow = Mapping[str, object]
"""A row of a file, ready for JSON."""

Files = Mapping[str, bytes]
"""Contents of files by name, which may begin with a folder."""

Size = tuple[int, int]
"""Height and width of an image, upright."""


@dataclass(frozen=True)
class Entrant:
    """One system of a comparison.

    Attributes:
        name: what it is called.
        members: predictions of each of its trained models.
        groups: (n,) the group of each item of the first member, or None where it knows of none.
        class_names: in the order of the outputs, or None where it knows of none.
    """

    name: str
    members: Sequence[AnyPredictions]
    groups: NDArray[np.str_] | None
    class_names: tuple[str, ...] | None


class Results(Protocol):
    """What a stage found, ready to be written, drawn and shown."""

    @property
    def content(self) -> Mapping[str, object]:
        """Of the stage's JSON file."""

    def draw(self, run: "Run") -> None:
        """Write the figures."""

    def tables(self) -> "Iterable[tuple[str, Table]]":
        """What the terminal shows, each table with its title."""

    def values(self) -> dict[str, float]:
        """The headline: each number by its name."""


class Explanation(Protocol):
    """Which images of a split are explained, and what of each."""

    @property
    def rows(self) -> NDArray[np.int64]:
        """(m,) of the images, in the predictions of the split."""

    @property
    def targets(self) -> Tensor:
        """(m, …), what is explained of each."""

    @property
    def items(self) -> Sequence[JsonRow]:
        """What `explain.json` says of each; the stage adds the row of its map."""

    @property
    def titles(self) -> Sequence[str]:
        """Above each picture."""

    @property
    def right(self) -> Sequence[bool]:
        """Whether the model is right about each."""

    def score(self, outputs: Outputs, targets: Tensor) -> Tensor:
        """(B,) what the model says of the targets of B images: maps show which places speak for it."""

    def confidence(self, outputs: Outputs, targets: Tensor, untouched: Outputs) -> Tensor:
        """(B,) in 0…1: how surely outputs for B changed images say what those for the untouched ones said of them."""


class PredictionRows(Protocol):
    """How answers for single images are written."""

    @property
    def columns(self) -> Sequence[str]:
        """Of the CSV file, beside the path and the error."""

    @property
    def head(self) -> Sequence[str]:
        """What the answers are worth, a line each."""

    def rows(self, outputs: Outputs, sizes: Sequence[Size]) -> Sequence[dict[str, object]]:
        """The answer for each image, ready for JSON but for arrays, which `filed` takes out.

        Args:
            outputs: of the network.
            sizes: height and width of each image, upright.
        """

    def filed(self, row: JsonRow, stem: str, photo: Callable[[], NDArray[np.uint8]]) -> tuple[JsonRow, Files]:
        """An answer as a file holds it, and the files beside it by name.

        Args:
            row: the answer.
            stem: how files of this image are called, without suffix.
            photo: reads the image, (h, w, 3).
        """

    def line(self, row: JsonRow) -> str:
        """An answer in one line."""

    def to_json(self) -> JsonRow:
        """All that must be known to write the same answers elsewhere."""


class MemberMean(Protocol):
    """The mean of what several members say of the same items, added one by one."""

    @property
    def members(self) -> int:
        """How many were added."""

    def add(self, predictions: AnyPredictions, name: str = "") -> None:
        """Count a member.

        Raises:
            UsageError: it is of other items than the first.
        """

    @property
    def predictions(self) -> AnyPredictions:
        """The mean, of the items in the order of the first member."""

    @property
    def disagreement(self) -> NDArray[np.float64]:
        """(n,) how much the members contradict each other about each item; 0 where all agree."""


@dataclass(frozen=True)
class Averaged:
    """What a method says of a split.

    Attributes:
        predictions: of its items.
        members: how many answers to an image they are the mean of.
        disagreement: (n,) of the members, or None where they are no sample of models.
    """

    predictions: AnyPredictions
    members: int = 1
    disagreement: NDArray[np.float64] | None = None


@dataclass(frozen=True)
class Shifted:
    """What a model is worth on images of one condition, such as a corruption, by one of its targets.

    Attributes:
        metrics: with limits, the most important first.
        sets: what the run's conformal sets are worth there.
        scores: (n,) float64 how right the answer to each image is, 0 to 1; NaN of an image without a truth.
    """

    metrics: "Mapping[str, IntervalJson]"
    sets: "Sequence[ShiftedSets]"
    scores: NDArray[np.float64]


class Shift(Protocol):
    """How answers to images of one condition after another are measured."""

    @property
    def metrics(self) -> Mapping[str, str]:
        """By target, the metric whose parts the scores of single images are."""

    def collector(self) -> "Collector[AnyPredictions]":
        """How a batch of outputs becomes predictions; it keeps what `measure` needs and no more."""

    def measure(self, predictions: AnyPredictions) -> Mapping[str, Shifted]:
        """What they are worth, by target."""


MethodPredictions = Mapping["SplitName", Averaged]
"""What a method says of each split."""
