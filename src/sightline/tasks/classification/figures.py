"""The figures of an evaluation that follow from predictions alone."""

from dataclasses import replace

from sightline.metrics.classification.bands import curve_bands
from sightline.metrics.documents.evaluation import Evaluation
from sightline.metrics.intervals.resampling import Resampling
from sightline.metrics.predictions import Predictions
from sightline.reporting import figures
from sightline.run.folder import Run

BAND_RESAMPLES = 200
"""Of the bands around curves, which are read by eye."""


def draw_evaluation(run: Run, predictions: Predictions, evaluation: Evaluation, resampling: Resampling) -> None:
    """Write the figures of `evaluation.json`.

    Args:
        run: where they go.
        predictions: what was measured.
        evaluation: the content of `evaluation.json`.
        resampling: how bands are found, with fewer resamples.
    """
    probabilities, labels, names = predictions.probabilities(), predictions.labels, evaluation["class_names"]
    few = replace(resampling, resamples=min(BAND_RESAMPLES, resampling.resamples))
    bands = curve_bands(probabilities, labels, few)
    roc, precision_recall = bands or (None, None)
    pictures = {
        "confusion": figures.confusion(evaluation["confusion"], names, normalised=False),
        "confusion_normalised": figures.confusion(evaluation["confusion"], names, normalised=True),
        "per_class": figures.per_class(evaluation["per_class"]),
        "roc": figures.roc_curves(probabilities, labels, names, roc),
        "precision_recall": figures.pr_curves(probabilities, labels, names, precision_recall),
        "confidence": figures.confidence(probabilities.max(axis=1), probabilities.argmax(axis=1) == labels),
        "risk_coverage": figures.risk_coverage(evaluation["risk_coverage"]),
    }
    if "calibrated" in evaluation:
        pictures["set_sizes"] = figures.set_sizes(evaluation["calibrated"]["conformal"])
    for name, picture in pictures.items():
        run.save_bytes(f"figures/{name}.png", picture)
