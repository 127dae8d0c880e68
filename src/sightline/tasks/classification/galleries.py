"""Examples, a part of the evaluation: photos of right and wrong answers, and a map of what looks alike."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sightline.config.schema import Config
from sightline.data.originals import folder_of, original
from sightline.errors import RunFailedError
from sightline.explain.methods import METHODS
from sightline.explain.targets import TargetScore, class_logit
from sightline.inference.loaded_run import LoadedRun
from sightline.inference.model import temperature_of
from sightline.machine.signals import check_stop
from sightline.machine.terminal import logger
from sightline.metrics.predictions import Predictions
from sightline.reporting import figures
from sightline.reporting.figures.heat import heat_over
from sightline.run.folder import Run, SplitName
from sightline.run.origin import MADE_FROM, SOURCES, as_array, origin_of
from sightline.run.photos import PHOTOS, Photos, jpeg
from sightline.tasks.classification.collector import EmbeddedPredictions

SIDE = 224
"""Pixels of the shorter side of a photo that is kept, and of a heat map."""
MISTAKES = 5
"""Photos of wrong answers for each of `evaluation.gallery`."""
Said = Callable[[Tensor], tuple[Tensor, TargetScore]]
"""From the class ids (n,) of answers to targets (n, …), and the score by which the model says how much each is one."""
EARLIER = ("right", "wrong", "confident_mistakes")
"""Figures of earlier versions, which photos stand for."""


def draw_examples(
    config: Config, run: Run, loaded: LoadedRun, split: SplitName, predictions: EmbeddedPredictions
) -> None:
    """Write the photos, and the map of embeddings."""
    keep_photos(config, run, loaded, loaded.dataset.positions(split), predictions)
    points, kept = map_embeddings(predictions.embeddings, config.evaluation.tsne_items, config.seed)
    picture = figures.embedding(points, predictions.labels[kept], list(loaded.preprocessing.class_names))
    run.save_bytes("figures/embedding.png", picture)


def keep_photos(
    config: Config,
    run: Run,
    loaded: LoadedRun,
    positions: NDArray[np.int64],
    predictions: Predictions,
    said: Said = lambda answers: (answers, class_logit),
) -> None:
    """Write the original photos of some right and some wrong answers, and heat maps of the wrong ones.

    Args:
        config: of the command.
        run: that is written to.
        loaded: its model and images.
        positions: (n,) of the images among those of the data.
        predictions: of these images.
        said: how heat maps ask the model for its answers; by default its outputs are logits of classes.
    """
    wrong, right = choose_photos(predictions, temperature_of(run), config.evaluation.gallery)
    photos, maps = dict[str, bytes](), dict[str, bytes]()
    for row in [*wrong, *right]:
        check_stop()
        pixels = original(loaded.dataset, int(positions[row]), SIDE, loaded.preprocessing.white)
        if pixels is not None:
            photos[str(predictions.ids[row])] = jpeg(pixels)
    try:
        for row, overlay in _heat_maps(config, loaded, positions, wrong, predictions, said):
            maps[str(predictions.ids[row])] = jpeg(overlay)
    except RunFailedError as error:
        logger.warning("mistakes have no heat maps: %s", error)
    arrays = Photos(folder_of(loaded.dataset), photos, maps).to_arrays()
    run.save_arrays(PHOTOS, **arrays, **{MADE_FROM: as_array(origin_of(run, *SOURCES))})
    for name in EARLIER:
        run.remove(f"figures/gallery_{name}.png")


def choose_photos(
    predictions: Predictions, temperature: float, gallery: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of wrong answers, and of right ones.

    Half of the wrong ones are the surest of all, the others the surest of each pair of classes in turn, so that a pair
    has a photo as far as there is room. Right ones are taken evenly: items often come class by class.
    """
    probabilities = predictions.probabilities(temperature)
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    wrong = np.flatnonzero(predicted != predictions.labels)
    wrong = wrong[np.argsort(-confidence[wrong], kind="stable")]
    most = MISTAKES * gallery
    first, rest = wrong[: most // 2], wrong[most // 2 :]
    pairs = predictions.labels[wrong].astype(np.int64) * probabilities.shape[1] + predicted[wrong]
    turn = _times_before(pairs)[most // 2 :]
    chosen = np.concatenate([first, rest[np.argsort(turn, kind="stable")][: most - len(first)]])
    return chosen, _evenly(np.flatnonzero(predicted == predictions.labels), gallery)


def _times_before(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """(n,) how often each value came before."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(values) else np.zeros(0, dtype=np.int64)
    lengths = np.diff(np.append(starts, len(values)))
    times = np.empty(len(values), dtype=np.int64)
    times[order] = np.arange(len(values)) - np.repeat(starts, lengths)
    return times


def _heat_maps(
    config: Config,
    loaded: LoadedRun,
    positions: NDArray[np.int64],
    rows: NDArray[np.int64],
    predictions: Predictions,
    said: Said,
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """The map of the class that was answered, over what the model saw."""
    method, transform = METHODS[config.explain.methods[0]], loaded.preprocessing.transform()
    for start in range(0, len(rows), 32):
        check_stop()
        some = rows[start : start + 32]
        targets, score = said(torch.from_numpy(predictions.logits[some].argmax(axis=1)).to(loaded.device))
        for alike, images in transform.by_shape(*loaded.dataset.store.batch(loaded.dataset.rows[positions[some]])):
            maps = method(loaded.model, images.to(loaded.device), targets[alike], score=score).cpu().numpy()
            shown = zip(some[alike].tolist(), loaded.preprocessing.to_pixels(images), maps, strict=True)
            yield from ((row, heat_over(pixels, heat, SIDE)) for row, pixels, heat in shown)


def _evenly(rows: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """At most so many of the rows, from first to last."""
    return rows[np.unique(np.linspace(0, len(rows) - 1, min(most, len(rows))).round().astype(np.int64))]


def map_embeddings(
    embeddings: NDArray[np.float32], items: int, seed: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """t-SNE of at most `items` embeddings, evenly taken, and which they are."""
    from sklearn.manifold import TSNE  # takes half a second, and only this needs it

    kept = _evenly(np.arange(len(embeddings)), items)
    perplexity = min(30.0, (len(kept) - 1) / 3)
    points = TSNE(perplexity=perplexity, init="pca", random_state=seed).fit_transform(embeddings[kept])
    return points.astype(np.float32), kept
