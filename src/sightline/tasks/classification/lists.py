"""Lists of single answers: what the report shows, and tables in CSV to open or move the files by."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sightline.inference.predictions import predictions_file
from sightline.metrics.documents.evaluation import SuspectLabels
from sightline.metrics.documents.examples import Example, Examples
from sightline.metrics.predictions import Predictions
from sightline.run.folder import Run, SplitName
from sightline.run.origin import SOURCES, obstacle, origin_of, save_derived
from sightline.run.photos import PHOTOS, Photos

EXAMPLES: Final = "examples/examples.json"
MOST: Final = 1000
"""Wrong answers that the page lists; the table has them all."""


def list_examples(
    run: Run,
    split: SplitName,
    predictions: Predictions,
    temperature: float,
    names: Sequence[str],
    suspects: SuspectLabels,
) -> None:
    """Write `examples.json`, `mistakes.csv` and `second_look.csv` of a split.

    Args:
        run: where they go.
        split: which.
        predictions: of its items.
        temperature: of the probabilities.
        names: of the classes.
        suspects: of `evaluation.json`.
    """
    photos = Photos("", {}, {})
    if run.has(PHOTOS) and not obstacle(run, PHOTOS):
        photos = Photos.from_arrays(run.load_arrays(PHOTOS))
    probabilities = predictions.probabilities(temperature)
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    wrong = np.flatnonzero(predicted != predictions.labels)
    wrong = wrong[np.argsort(-confidence[wrong], kind="stable")]
    shown = np.isin(predictions.ids, list(photos.photos))

    def examples(rows: NDArray[np.int64]) -> list[Example]:
        return [
            {
                "id": str(predictions.ids[row]),
                "file": photos.folder and photos.folder + str(predictions.ids[row]),
                "label": str(names[predictions.labels[row]]),
                "predicted": str(names[predicted[row]]),
                "confidence": float(confidence[row]),
                "label_probability": float(probabilities[row, predictions.labels[row]]),
            }
            for row in rows.tolist()
        ]

    mistakes = examples(wrong)
    content: Examples = {
        "split": split,
        "n": len(predictions),
        "wrong": len(wrong),
        "mistakes": [one for place, one in enumerate(mistakes) if place < MOST or shown[wrong[place]]],
        "right": examples(np.flatnonzero((predicted == predictions.labels) & shown)),
    }
    save_derived(run, EXAMPLES, content, origin_of(run, *SOURCES, predictions_file(split), "calibration.json"))
    head = ["file", "id", "label", "predicted", "confidence", "label_probability"]
    run.save_text("examples/mistakes.csv", _table(head, ([dict(one)[name] for name in head] for one in mistakes)))
    run.save_text("examples/second_look.csv", _second_look(suspects, photos.folder))


def _second_look(suspects: SuspectLabels, folder: str) -> str:
    head = ["file", "id", "label", "rather", "label_probability", "rather_probability"]
    rows = (dict(item) | {"file": folder and folder + item["id"]} for item in suspects["items"])
    return _table(head, ([row[name] for name in head] for row in rows))


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table in CSV."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    for row in rows:
        writer.writerow([f"{value:.6f}" if isinstance(value, float) else value for value in row])
    return text.getvalue()
