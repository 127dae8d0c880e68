"""The content of `calibration.json` for masks, its figure and its tables."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightline.calibration.masks import SampledPixels, calibrate_masks
from sightline.config.schema import Config
from sightline.inference.model import group_codes_of
from sightline.machine.text import limits_of
from sightline.metrics.documents.segmentation import MaskCalibration, MaskSets
from sightline.metrics.intervals.resampling import Resampling
from sightline.metrics.segmentation.predictions import MaskPredictions
from sightline.reporting import figures
from sightline.reporting.formatting import MISSING, bounds, number
from sightline.reporting.sections.blocks import Table
from sightline.reporting.sections.results import metric_table
from sightline.run.folder import Run, SplitName


@dataclass(frozen=True)
class MaskCalibrationResults:
    """What was fitted, and what it is worth.

    Attributes:
        content: of `calibration.json`.
    """

    content: MaskCalibration

    def draw(self, run: Run) -> None:
        """Write the reliability diagram of the sampled pixels."""
        content, reliability = self.content, self.content["reliability"]
        picture = figures.reliability(
            reliability["before"],
            reliability["after"],
            ece_before=content["before"]["ece"]["value"],
            ece_after=content["after"]["ece"]["value"],
            counted="pixels",
        )
        run.save_bytes("figures/reliability.png", picture)

    def tables(self) -> Iterator[tuple[str, Table]]:
        """The calibration errors at the temperature, and what sets miss."""
        content, fit = self.content, self.content["temperature_fit"]
        title = f"calibration split, temperature {content['temperature']:.3f} {limits_of(fit['low'], fit['high'], 3)}"
        yield f"{title}, {content['sampling']}. {fit['note']}".rstrip(), metric_table(content["after"])
        if content["sets"]:
            measured = f"measured on {content['judged_on']} images" if content["judged_on"] else "not measured"
            yield f"sets for every pixel, {measured}", set_table(content["sets"])

    def values(self) -> dict[str, float]:
        """The temperature, and the calibration errors at it."""
        after = self.content["after"]
        values = {name: entry["value"] for name, entry in after.items() if entry["value"] is not None}
        return {"temperature": self.content["temperature"], **values}


def set_table(sets: list[MaskSets]) -> Table:
    """One row a kind of set: what it promises, and what it came to."""
    rows = []
    for entry in sets:
        missed, size = entry.get("missed"), entry.get("size")
        of = "an image" if entry["of"] == "pixel" else "a class in an image"
        rows.append(
            [
                f"pixels of {of}",
                f"{entry['alpha']:.0%}",
                MISSING if missed is None else number("accuracy", missed["value"]),
                (MISSING if missed is None else bounds("accuracy", missed)) or MISSING,
                MISSING if size is None or size["value"] is None else f"{size['value']:.2f}",
                entry["empty_promise"],
            ]
        )
    return Table(("Of", "Missed at most", "Missed", "Interval", "Classes in a set", ""), rows)


def calibrate(
    config: Config, run: Run, predictions: MaskPredictions, val: MaskPredictions | None
) -> MaskCalibrationResults:
    """Fit a temperature and sets for every pixel; see `Task.calibrate`."""
    settings = config.calibration
    held_out = None
    if val is not None and len(val.pixel_labels):
        held_out = SampledPixels.of(val, _codes(run, "val", val))
    content = calibrate_masks(
        predictions,
        alphas=tuple(settings.alphas),
        resampling=Resampling(settings.level, settings.resamples, config.seed, _codes(run, "calibration", predictions)),
        bins=settings.bins,
        held_out=held_out,
    )
    return MaskCalibrationResults(content)


def _codes(run: Run, split: SplitName, predictions: MaskPredictions) -> NDArray[np.int64] | None:
    return group_codes_of(run, split, predictions.ids)
