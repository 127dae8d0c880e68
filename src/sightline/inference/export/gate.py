"""The gate: a file answers as the predictor does, for real images in batches and sizes of all kinds, or is refused."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from sightline.errors import GateRefusedError
from sightline.inference.export.graph import STEPS
from sightline.inference.export.photos import Batch
from sightline.inference.export.reference import Reference
from sightline.machine.text import significant
from sightline.metrics.documents.parity import UNITS, FileParity, ParityCell

NORMALISED: Final = 1e-5
"""How far normalised pixels may lie apart: float32 rounds once or twice."""

Cell = tuple[int, int, int] | None


class Exported(Protocol):
    """A file, loaded by what it was made for."""

    def probabilities(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(n, classes) of (n, h, w, 3)."""

    def steps(self, images: NDArray[np.uint8]) -> Mapping[str, NDArray[Any]]:
        """What each of `STEPS` gives."""


@dataclass
class Parity:
    """What is found of one file.

    Attributes:
        name: of the file.
        reference: what it should say.
        tolerance: how far a probability may lie apart.
    """

    name: str
    reference: Reference
    tolerance: float
    _cells: dict[Cell, ParityCell] = field(default_factory=dict)
    _steps: dict[str, float] = field(default_factory=dict)

    def judge(self, model: Exported, batch: Batch, expected: Mapping[str, NDArray[Any]]) -> None:
        """Compare the answers for a batch.

        Raises:
            GateRefusedError: they differ; the first step that does is named.
        """
        wanted, found = expected[STEPS[-1]], model.probabilities(batch.pixels)
        largest, other = apart(wanted, found), _other_class(wanted, found, self.tolerance)
        is_new = batch.cell not in self._cells
        cell = self._cells.setdefault(batch.cell, _empty(batch.cell))
        cell["answers"] += len(wanted)
        cell["largest"] = max(cell["largest"], largest)
        if not largest <= self.tolerance or other:
            raise GateRefusedError(self._refusal(batch, largest, _apart_by_step(expected, model.steps(batch.pixels))))
        if is_new:
            for step, figure in _apart_by_step(expected, model.steps(batch.pixels)).items():
                self._steps[step] = max(self._steps.get(step, 0.0), figure)

    def content(self, size: int) -> FileParity:
        """All of it; `size` is that of the file in bytes."""
        cells = list(self._cells.values())
        return {
            "bytes": size,
            "answers": sum(cell["answers"] for cell in cells),
            "largest": max(cell["largest"] for cell in cells),
            "steps": self._steps,
            "cells": cells,
        }

    def _refusal(self, batch: Batch, largest: float, by_step: Mapping[str, float]) -> str:
        count, height, width, _ = batch.pixels.shape
        step = first_apart(by_step, self.tolerance, self.reference.temperature)
        figure = f"{significant(by_step[step], 2)} {UNITS[step]}"
        return (
            f"export: {self.name} does not answer as the run does, so it is not kept: probabilities differ by "
            f"{significant(largest, 2)} (export.tolerance={self.tolerance:g}) in a batch of {count} of "
            f"{height} x {width} pixels; the first step that differs is {step}, by {figure}"
        )


def first_apart(by_step: Mapping[str, float], tolerance: float, temperature: float) -> str:
    """The first step that explains a difference; where none does alone, the last.

    Pixels are whole numbers and may not differ at all. Logits of a distance d move probabilities by d / (2 T) at most.
    """
    allowed = {"bytes": 0.0, "resize": 0.0, "normalise": NORMALISED, "network": 2 * temperature * tolerance}
    return next((step for step in STEPS[:-1] if not by_step[step] <= allowed[step]), STEPS[-1])


def apart(wanted: NDArray[Any], found: NDArray[Any]) -> float:
    """The largest distance; infinite where shapes differ or something is not finite."""
    if wanted.shape != found.shape or not np.isfinite(found).all():
        return np.inf
    return float(np.abs(wanted.astype(np.float64) - found.astype(np.float64)).max())


def _apart_by_step(expected: Mapping[str, NDArray[Any]], found: Mapping[str, NDArray[Any]]) -> dict[str, float]:
    return {step: apart(expected[step], found[step]) for step in STEPS}


def _other_class(wanted: NDArray[Any], found: NDArray[Any], tolerance: float) -> bool:
    """Whether another class leads anywhere, but where the first two lie so close that rounding may swap them."""
    if wanted.shape != found.shape:
        return True
    ordered = np.sort(wanted, axis=1)
    clear = ordered[:, -1] - ordered[:, -2:][:, 0] > 2 * tolerance
    return bool((clear & (wanted.argmax(axis=1) != found.argmax(axis=1))).any())


def _empty(cell: Cell) -> ParityCell:
    batch, height, width = cell or (None, None, None)
    return {"batch": batch, "height": height, "width": width, "answers": 0, "largest": 0.0}


def judge(
    models: Mapping[str, Exported], found: Iterable[Batch], reference: Reference, tolerance: float
) -> dict[str, Parity]:
    """Judge files by the same batches.

    Raises:
        GateRefusedError: one of them does not answer as the predictor does.
    """
    parities = {name: Parity(name, reference, tolerance) for name in models}
    for batch in found:
        expected = reference.steps(batch.images, batch.pixels)
        for name, model in models.items():
            parities[name].judge(model, batch, expected)
    return parities
