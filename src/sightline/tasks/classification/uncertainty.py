"""Means of several members' probabilities, and the content of `uncertainty.json` for classification."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightline.calibration.calibrate import temperature_half
from sightline.calibration.temperature import fit_temperature
from sightline.config.schema import Config
from sightline.inference.model import group_codes_of
from sightline.metrics.comparison.methods import Method, measure_methods
from sightline.metrics.comparison.mixture import Mixture
from sightline.metrics.comparison.systems import in_order
from sightline.metrics.documents.uncertainty import Uncertainty
from sightline.metrics.intervals.resampling import Resampling
from sightline.metrics.predictions import Predictions
from sightline.reporting.sections.blocks import Table
from sightline.reporting.sections.classification.uncertainty import method_table
from sightline.run.folder import Run, SplitName
from sightline.tasks.results import MethodPredictions


class ClassMemberMean:
    """The mean of members' probabilities; they disagree by the mutual information of answer and member."""

    def __init__(self) -> None:
        self._mixture = Mixture()
        self._first: tuple[Predictions, str] | None = None

    @property
    def members(self) -> int:
        """How many were added."""
        return self._mixture.members

    def add(self, predictions: Predictions, name: str = "") -> None:
        """Count a member.

        Raises:
            UsageError: it is of other items than the first, or bears other labels.
        """
        if self._first is None:
            self._first = predictions, name
        else:
            first, first_name = self._first
            predictions = in_order(predictions, first, name, first_name)
        self._mixture.add(predictions.probabilities())

    @property
    def predictions(self) -> Predictions:
        """Logarithms of the mean in place of logits, so that a temperature can be fitted to them."""
        assert self._first is not None, "no member was added"
        first, _ = self._first
        return Predictions(first.ids, self._mixture.logits, first.labels)

    @property
    def disagreement(self) -> NDArray[np.float64]:
        """(n,) nats."""
        return self._mixture.mutual_information


@dataclass(frozen=True)
class UncertaintyResults:
    """What each method is worth.

    Attributes:
        content: of `uncertainty.json`.
    """

    content: Uncertainty

    def draw(self, run: Run) -> None:
        """There is no figure."""

    def tables(self) -> Iterator[tuple[str, Table]]:
        """One row a method."""
        title = f"{self.content['split']} split, {self.content['n']} images: one plain answer and others"
        yield title, method_table(self.content)

    def values(self) -> dict[str, float]:
        """Every metric of every method."""
        entries = {
            f"{way['name']}/{name}": entry for way in self.content["ways"] for name, entry in way["metrics"].items()
        }
        return {name: entry["value"] for name, entry in entries.items() if entry["value"] is not None}


def compare_methods(
    config: Config, run: Run, split: SplitName, methods: Mapping[str, MethodPredictions]
) -> UncertaintyResults:
    """Calibrate every method alike, then measure all on the same items; see `Task.compare_methods`."""
    plain: Predictions = next(iter(methods.values()))[split].predictions
    listed = []
    for name, method in methods.items():
        found = method[split]
        temperature = None
        if split != "calibration" and "calibration" in method:
            temperature = _temperature(run, method["calibration"].predictions, config.seed)
        listed.append(Method(name, found.members, found.predictions, temperature, found.disagreement))
    groups = group_codes_of(run, split, plain.ids)
    resampling = Resampling(config.evaluation.level, config.evaluation.resamples, config.seed, groups)
    ways = measure_methods(listed, config.calibration.bins, resampling)
    return UncertaintyResults({"split": split, "n": len(plain), "ways": ways})


def _temperature(run: Run, predictions: Predictions, seed: int) -> float:
    codes = group_codes_of(run, "calibration", predictions.ids)
    chosen = temperature_half(predictions.labels, seed, codes)
    groups = None if codes is None else codes[chosen]
    return fit_temperature(predictions.logits[chosen], predictions.labels[chosen], groups)
