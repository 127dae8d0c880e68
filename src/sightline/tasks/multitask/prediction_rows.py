"""A label and a mask of single images, as rows, lines and files."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightline.data.targets import LABEL, MASK
from sightline.models.outputs import Outputs, by_head
from sightline.tasks.results import Files, JsonRow, PredictionRows, Size


@dataclass(frozen=True)
class LabelAndMaskRows:
    """See `tasks.results.PredictionRows`.

    Attributes:
        label: of the label; its keys come first.
        mask: of the mask, whose keys are others.
    """

    label: PredictionRows
    mask: PredictionRows

    @property
    def columns(self) -> Sequence[str]:
        """Those of both."""
        return (*self.label.columns, *self.mask.columns)

    @property
    def head(self) -> Sequence[str]:
        """What either is worth."""
        return (*self.label.head, *self.mask.head)

    def rows(self, outputs: Outputs, sizes: Sequence[Size]) -> list[dict[str, object]]:
        """Both answers to each image."""
        heads = by_head(outputs)
        both = zip(self.label.rows(heads[LABEL], sizes), self.mask.rows(heads[MASK], sizes), strict=True)
        return [{**label, **mask} for label, mask in both]

    def filed(self, row: JsonRow, stem: str, photo: Callable[[], NDArray[np.uint8]]) -> tuple[JsonRow, Files]:
        """The answer, and the files of the mask."""
        row, files = self.label.filed(row, stem, photo)
        row, more = self.mask.filed(row, stem, photo)
        return row, {**files, **more}

    def line(self, row: JsonRow) -> str:
        """One after the other."""
        return f"{self.label.line(row)}  |  {self.mask.line(row)}"

    def to_json(self) -> JsonRow:
        """Both in plain values."""
        return {LABEL: self.label.to_json(), MASK: self.mask.to_json()}
