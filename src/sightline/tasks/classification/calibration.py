"""The content of `calibration.json` for classification, its figure and its table."""

from collections.abc import Iterator
from dataclasses import dataclass

from sightline.calibration.calibrate import calibrate as fit
from sightline.calibration.promises import HeldOut, Promises
from sightline.config.schema import Config
from sightline.inference.model import group_codes_of
from sightline.machine.text import limits_of
from sightline.metrics.documents.calibration import Calibration
from sightline.metrics.intervals.resampling import Resampling
from sightline.metrics.predictions import Predictions
from sightline.reporting import figures
from sightline.reporting.sections.blocks import Table
from sightline.reporting.sections.results import metric_table
from sightline.run.folder import Run


@dataclass(frozen=True)
class CalibrationResults:
    """What was fitted, and what it is worth.

    Attributes:
        content: of `calibration.json`.
    """

    content: Calibration

    def draw(self, run: Run) -> None:
        """Write the reliability diagram."""
        reliability, null = self.content["reliability"], self.content["null"]
        picture = figures.reliability(
            reliability["before"],
            reliability["after"],
            ece_before=self.content["before"]["ece"]["value"],
            ece_after=self.content["after"]["ece"]["value"],
            null_before=null["before"]["ece"],
            null_after=null["after"]["ece"],
        )
        run.save_bytes("figures/reliability.png", picture)

    def tables(self) -> Iterator[tuple[str, Table]]:
        """The calibration errors at the temperature."""
        yield self._title(), metric_table(self.content["after"])

    def _title(self) -> str:
        """The temperature with the limits of the likeliest one, and what must be known of it."""
        content, fit = self.content, self.content.get("temperature_fit")
        title = f"calibration split, temperature {content['temperature']:.3f}"
        return title if fit is None else f"{title} {limits_of(fit['low'], fit['high'], 3)}. {fit['note']}".rstrip()

    def values(self) -> dict[str, float]:
        """The temperature, and the calibration errors at it."""
        after = self.content["after"]
        values = {name: entry["value"] for name, entry in after.items() if entry["value"] is not None}
        return {"temperature": self.content["temperature"], **values}


def calibrate(config: Config, run: Run, predictions: Predictions, val: Predictions | None) -> CalibrationResults:
    """Fit temperature, sets and thresholds; see `Task.calibrate`."""
    settings, groups = config.calibration, group_codes_of(run, "calibration", predictions.ids)
    held_out = None if val is None else HeldOut(val, group_codes_of(run, "val", val.ids))
    content = fit(
        predictions,
        promises=Promises(settings.alphas, settings.target_risks, settings.risk_error),
        resampling=Resampling(settings.level, settings.resamples, config.seed, groups),
        bins=settings.bins,
        held_out=held_out,
    )
    return CalibrationResults(content)
