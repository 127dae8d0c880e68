"""The figures of an evaluation that follow from predictions alone."""

import numpy as np
from numpy.typing import NDArray

from sightline.metrics.classification.bands import curve_bands
from sightline.metrics.documents.evaluation import Evaluation
from sightline.metrics.predictions import Predictions
from sightline.reporting import figures
from sightline.run.folder import Run

BAND_RESAMPLES = 200
"""Of the bands around curves, which are read by eye."""


def draw_evaluation(
    run: Run,
    predictions: Predictions,
    evaluation: Evaluation,
    level: float,
    resamples: int,
    seed: int,
    groups: NDArray[np.int64] | None,
) -> None:
    """Write the figures of `evaluation.json`.

    Args:
        run: where they go.
        predictions: what was measured.
        evaluation: the content of `evaluation.json`.
        level: confidence of the bands.
        resamples: of the bands, at most.
        seed: of the resamples.
        groups: (n,) the group of each item as integers from 0, or None.
    """
    probabilities, labels, names = predictions.probabilities(), predictions.labels, evaluation["class_names"]
    draws = min(BAND_RESAMPLES, resamples)
    bands = curve_bands(probabilities, labels, level=level, resamples=draws, seed=seed, groups=groups)
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
