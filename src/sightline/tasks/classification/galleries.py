"""Examples, a part of the evaluation: galleries of right and wrong answers, and a map of what looks alike."""

import numpy as np
from numpy.typing import NDArray

from sightline.config.schema import Config
from sightline.data.dataset import Dataset
from sightline.data.preprocessing import Preprocessing
from sightline.inference.loaded_run import LoadedRun
from sightline.metrics.predictions import Predictions
from sightline.reporting import figures
from sightline.run.folder import Run, SplitName
from sightline.tasks.classification.collector import EmbeddedPredictions


def draw_examples(
    config: Config, run: Run, loaded: LoadedRun, split: SplitName, predictions: EmbeddedPredictions
) -> None:
    """Write the galleries, and the map of embeddings."""
    draw_galleries(config, run, loaded, split, predictions)
    points, kept = map_embeddings(predictions.embeddings, config.evaluation.tsne_items, config.seed)
    picture = figures.embedding(points, predictions.labels[kept], list(loaded.preprocessing.class_names))
    run.save_bytes("figures/embedding.png", picture)


def draw_galleries(config: Config, run: Run, loaded: LoadedRun, split: SplitName, predictions: Predictions) -> None:
    """Right and wrong ones, evenly taken, and the most confident mistakes: label errors sit among them (E6)."""
    probabilities = predictions.probabilities()
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    right = predicted == predictions.labels
    mistakes, most = np.flatnonzero(~right), config.evaluation.gallery
    surest = mistakes[np.argsort(-confidence[mistakes], kind="stable")]
    shown = {
        "right": (_evenly(np.flatnonzero(right), most), "Right"),
        "wrong": (_evenly(mistakes, most), "Wrong"),
        "confident_mistakes": (surest[:most], "Most confident mistakes"),
    }
    names = loaded.preprocessing.class_names
    for name, (chosen, heading) in shown.items():
        titles = [
            f"{names[predicted[row]]}, {confidence[row]:.0%}"
            + ("" if right[row] else f"\nis {names[predictions.labels[row]]}")
            for row in chosen
        ]
        pixels = _pixels(loaded.dataset, loaded.preprocessing, loaded.dataset.positions(split)[chosen])
        picture = figures.gallery(pixels, titles, heading=heading, right=right[chosen].tolist())
        run.save_bytes(f"figures/gallery_{name}.png", picture)


def _evenly(rows: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """At most so many of the rows, from first to last: items often come class by class."""
    return rows[np.unique(np.linspace(0, len(rows) - 1, min(most, len(rows))).round().astype(np.int64))]


def _pixels(dataset: Dataset, preprocessing: Preprocessing, positions: NDArray[np.int64]) -> NDArray[np.uint8]:
    """What the model saw of some items, to be looked at."""
    if not len(positions):
        return np.zeros((0, preprocessing.image_size, preprocessing.image_size, 3), dtype=np.uint8)
    images, sizes = dataset.store.batch(dataset.rows[positions])
    return preprocessing.to_pixels(preprocessing.transform()(images, sizes))


def map_embeddings(
    embeddings: NDArray[np.float32], items: int, seed: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """t-SNE of at most `items` embeddings, evenly taken, and which they are."""
    from sklearn.manifold import TSNE  # takes half a second, and only this needs it

    kept = _evenly(np.arange(len(embeddings)), items)
    perplexity = min(30.0, (len(kept) - 1) / 3)
    points = TSNE(perplexity=perplexity, init="pca", random_state=seed).fit_transform(embeddings[kept])
    return points.astype(np.float32), kept
