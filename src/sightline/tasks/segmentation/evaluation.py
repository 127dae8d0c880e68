"""The content of `evaluation.json` for masks, its figures and its tables."""

from collections.abc import Iterator
from dataclasses import dataclass

from sightline.calibration.masks import judge_masks
from sightline.config.schema import Config
from sightline.inference.external import EXTERNAL, external_notes
from sightline.inference.model import CALIBRATION, group_codes_of
from sightline.metrics.documents.segmentation import MaskEvaluation
from sightline.metrics.intervals.resampling import Resampling
from sightline.metrics.segmentation.evaluation import evaluate_masks, left_out
from sightline.metrics.segmentation.predictions import MaskPredictions
from sightline.metrics.segmentation.scoring import ScoredMasks
from sightline.reporting import figures
from sightline.reporting.sections.blocks import Table
from sightline.reporting.sections.results import metric_table
from sightline.reporting.sections.segmentation.classes import class_table
from sightline.run.folder import Run, SplitName

AS_STORED = "the size at which each image is stored"
AS_GIVEN = "the size of the masks that were given"


@dataclass(frozen=True)
class MaskResults:
    """What was measured.

    Attributes:
        content: of `evaluation.json`.
    """

    content: MaskEvaluation

    def draw(self, run: Run) -> None:
        """Write the confusion matrix, as counts of pixels and as shares of each class."""
        names = self.content["class_names"]
        for name, normalised in (("confusion", False), ("confusion_normalised", True)):
            picture = figures.confusion(self.content["confusion"], names, normalised=normalised, of="pixels")
            run.save_bytes(f"figures/{name}.png", picture)

    def tables(self) -> Iterator[tuple[str, Table]]:
        """Every class, then the metrics."""
        content = self.content
        pixels, unlabelled = content["pixels"]["counted"], content["unlabelled"]
        images = f"{content['n']:,} image{'s' * (content['n'] != 1)}, {pixels:,} pixels"
        beside = f"; {left_out(unlabelled)}" if unlabelled else ""
        yield "classes", class_table(content["per_class"])
        yield f"{content['split']} split, {images}{beside}", metric_table(content["metrics"])
        if "tta" in content:
            yield f"the same, test-time views: {content['tta']['views']}", metric_table(content["tta"]["metrics"])

    def values(self) -> dict[str, float]:
        """Every metric."""
        metrics = self.content["metrics"]
        return {name: entry["value"] for name, entry in metrics.items() if entry["value"] is not None}


def evaluate(
    config: Config,
    run: Run,
    names: tuple[str, ...],
    split: SplitName,
    predictions: MaskPredictions,
    averaged: MaskPredictions | None,
) -> MaskResults:
    """Measure a split; see `Task.evaluate`."""
    resampling = resampling_of(config, run, split, predictions)
    measured = evaluate_masks(predictions, class_names=names, resampling=resampling)
    content: MaskEvaluation = {
        "split": split,
        "n": measured["n"],
        "unlabelled": measured["unlabelled"],
        "pixels": measured["pixels"],
        "metrics": measured["metrics"],
        "per_class": measured["per_class"],
        "absent": measured["absent"],
        "confusion": measured["confusion"],
        "images": measured["images"],
        "notes": [*measured["notes"], *external_notes(run, split)],
        "class_names": list(names),
        "measured_at": AS_GIVEN if run.has(EXTERNAL) else AS_STORED,
    }
    if averaged is not None:
        found = ScoredMasks(averaged.confusions).intervals(resampling)
        metrics = {name: interval.to_json() for name, interval in found.items()}
        content["tta"] = {"views": config.evaluation.tta, "metrics": metrics}
    if run.has(CALIBRATION) and len(predictions.pixel_labels):
        content["calibrated"] = judge_masks(run.load_json(CALIBRATION), split, predictions, resampling)
    return MaskResults(content)


def resampling_of(config: Config, run: Run, split: SplitName, predictions: MaskPredictions) -> Resampling:
    """How every interval of these predictions is found."""
    groups = group_codes_of(run, split, predictions.ids)
    return Resampling(config.evaluation.level, config.evaluation.resamples, config.seed, groups)
