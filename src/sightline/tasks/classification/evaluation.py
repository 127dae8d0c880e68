"""The content of `evaluation.json` for classification, its figures and its tables."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import cast

import numpy as np

from sightline.calibration.judge import judge, judge_fitted
from sightline.config.data import CsvData
from sightline.config.schema import Config
from sightline.data.sources.remarks import listed
from sightline.data.sources.table import columns_of
from sightline.inference.external import external_notes
from sightline.inference.model import group_codes_of, temperature_of
from sightline.metrics.classification.evaluation import evaluate_classification
from sightline.metrics.classification.risk import selective_risk
from sightline.metrics.classification.slices import measure_slices
from sightline.metrics.classification.suspects import TOO_WEAK, suspect_labels, worth_naming
from sightline.metrics.documents.evaluation import Evaluation, RiskCoverage, Slice
from sightline.metrics.intervals.resampling import Resampling
from sightline.metrics.predictions import Predictions
from sightline.reporting.sections.blocks import Table
from sightline.reporting.sections.ood import ood_table
from sightline.reporting.sections.results import metric_table
from sightline.reporting.sections.slices import slice_table
from sightline.run.folder import Run, SplitName
from sightline.tasks.classification.figures import draw_evaluation
from sightline.tasks.classification.lists import list_examples
from sightline.tasks.classification.ood import measure_ood


@dataclass(frozen=True)
class EvaluationResults:
    """What was measured, and of what.

    Attributes:
        content: of `evaluation.json`.
        predictions: that were measured.
        resampling: how intervals were found.
        temperature: of the run.
    """

    content: Evaluation
    predictions: Predictions
    resampling: Resampling
    temperature: float

    def draw(self, run: Run) -> None:
        """Write the figures that follow from predictions alone, and the lists of single answers."""
        draw_evaluation(run, self.predictions, self.content, self.resampling)
        content, split = self.content, cast("SplitName", self.content["split"])
        list_examples(run, split, self.predictions, self.temperature, content["class_names"], content["suspects"])

    def tables(self) -> Iterator[tuple[str, Table]]:
        """Unknown images and slices where they were asked for, then the metrics."""
        content = self.content
        if "ood" in content:
            title = f"{content['split']} split against {content['ood']['n_unknown']} unknown images"
            yield title, ood_table(content["ood"])
        if "slices" in content:
            yield "slices", slice_table(content["slices"])
        yield _title(content), metric_table(content["metrics"])
        if "tta" in content:
            yield f"the same, test-time views: {content['tta']['views']}", metric_table(content["tta"]["metrics"])
        if "calibrated" in content:
            temperature = content["calibrated"]["temperature"]
            yield f"the same, calibrated: temperature {temperature:.3f}", metric_table(content["calibrated"]["metrics"])

    def values(self) -> dict[str, float]:
        """Every metric."""
        metrics = self.content["metrics"]
        return {name: entry["value"] for name, entry in metrics.items() if entry["value"] is not None}


def _title(content: Evaluation) -> str:
    """What was measured, which classes of it there are, and that probabilities are the network's own."""
    n, supports = content["n"], [sum(row) for row in content["confusion"]]
    absent = [name for name, count in zip(content["class_names"], supports, strict=True) if not count]
    some = f" of {len(supports) - len(absent)} of {len(supports)} classes (none of {listed(absent)})" if absent else ""
    before = ", before calibration" if "calibrated" in content else ""
    return f"{content['split']} split, {n:,} image{'s' * (n != 1)}{some}{before}"


def evaluate(
    config: Config,
    run: Run,
    names: tuple[str, ...],
    split: SplitName,
    predictions: Predictions,
    averaged: Predictions | None,
) -> EvaluationResults:
    """Measure a split; see `Task.evaluate`."""
    resampling, temperature = _resampling(config, run, split, predictions), temperature_of(run)
    bins = config.calibration.bins
    measure = partial(evaluate_classification, class_names=names, resampling=resampling, bins=bins)
    measured = measure(predictions)
    content: Evaluation = {
        "split": split,
        "n": len(predictions),
        "metrics": measured["metrics"],
        "per_class": measured["per_class"],
        "confusion": measured["confusion"],
        "notes": [*measured["notes"], *external_notes(run, split)],
        "class_names": list(names),
    }
    if averaged is not None:
        content["tta"] = {"views": config.evaluation.tta, "metrics": measure(averaged)["metrics"]}
    if run.has("calibration.json"):
        calibration = run.load_json("calibration.json")
        measured_anew = judge_fitted if split == calibration["split"] else judge
        content["calibrated"] = measured_anew(calibration, predictions, resampling, bins)
    if config.evaluation.ood is not None:
        content["ood"] = measure_ood(config, config.evaluation.ood, run, split)
    if config.evaluation.slices:
        content["slices"] = _slices(config, predictions, resampling)
    content["suspects"] = suspect_labels(predictions, temperature, names) if worth_naming(content) else TOO_WEAK
    content["risk_coverage"] = _risk(predictions, temperature, resampling)
    return EvaluationResults(content, predictions, resampling, temperature)


def _resampling(config: Config, run: Run, split: SplitName, predictions: Predictions) -> Resampling:
    """How every interval of these predictions is found."""
    groups = group_codes_of(run, split, predictions.ids)
    return Resampling(config.evaluation.level, config.evaluation.resamples, config.seed, groups)


def _slices(config: Config, predictions: Predictions, resampling: Resampling) -> list[Slice]:
    """Accuracy by the columns of the manifest that `evaluation.slices` names."""
    assert isinstance(config.data, CsvData)
    columns = columns_of(config.data, predictions.ids.tolist(), config.evaluation.slices)
    right = np.equal(predictions.logits.argmax(axis=1), predictions.labels)
    return measure_slices(columns, right, resampling)


def _risk(predictions: Predictions, temperature: float, resampling: Resampling) -> RiskCoverage:
    """What answering only the surest items would bring; the temperature moves the order of items a little."""
    return selective_risk(
        predictions.probabilities(temperature).max(axis=1),
        np.equal(predictions.logits.argmax(axis=1), predictions.labels),
        resampling,
    )
