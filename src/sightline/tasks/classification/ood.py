"""Images of other data, a part of the evaluation: how well scores tell them from those of the run's own."""

import numpy as np
from numpy.typing import NDArray

from sightline.config.data import DataConfig
from sightline.config.schema import Config
from sightline.data.targets import LABEL
from sightline.inference.loaded_run import LoadedRun
from sightline.inference.model import groups_of, load_preprocessing, temperature_of
from sightline.inference.ood import predict_ood
from sightline.metrics.documents.evaluation import OutOfDistribution
from sightline.metrics.intervals.resampling import Resampling, group_codes
from sightline.metrics.ood.detection import detection
from sightline.metrics.ood.scores import confidence, mahalanobis, nearness, negative_energy
from sightline.reporting import figures
from sightline.run.folder import Run, SplitName
from sightline.tasks.classification.collector import ClassificationCollector, EmbeddedPredictions

MOST_FITTED = 20_000
"""Training images whose features are compared with, evenly taken."""


def measure_ood(config: Config, data: DataConfig, run: Run, split: SplitName) -> OutOfDistribution:
    """`ood` of `evaluation.json`, and its figure: the images of a split against those of other data.

    Raises:
        UsageError: there are no other images.
    """
    heads, collector = {LABEL: len(load_preprocessing(run).class_names)}, ClassificationCollector()
    loaded = LoadedRun.open(run, config, heads, test_unlocked=split == "test")
    others = predict_ood(config, data, loaded, collector)
    own, trained = loaded.predict(split, collector), loaded.predict("train", collector)
    fitted = _evenly(len(trained))
    scores = _scores(own, others, trained, fitted, temperature_of(run))
    is_own = np.arange(len(own) + len(others)) < len(own)
    run.save_bytes("figures/unknown.png", figures.ood(scores, is_own))
    groups = _groups(groups_of(run, split, own.ids), len(own), len(others))
    resampling = Resampling(config.evaluation.level, config.evaluation.resamples, config.seed, groups)
    return {
        "data": data.model_dump(mode="json", include={"name", "root", "manifest"}),
        "n_known": len(own),
        "n_unknown": len(others),
        "n_fitted": len(fitted),
        "scores": {name: detection(score, is_own, resampling) for name, score in scores.items()},
    }


def _groups(known: NDArray[np.str_] | None, own: int, others: int) -> NDArray[np.int64] | None:
    """(own + others,) groups of the images, those of other data each on its own; None where the run knows of none."""
    codes = group_codes(known, own)
    return None if codes is None else np.concatenate([codes, codes.max() + 1 + np.arange(others)])


def _evenly(count: int) -> NDArray[np.int64]:
    return np.unique(np.linspace(0, count - 1, min(MOST_FITTED, count)).round().astype(np.int64))


def _scores(
    own: EmbeddedPredictions,
    others: EmbeddedPredictions,
    trained: EmbeddedPredictions,
    fitted: NDArray[np.int64],
    temperature: float,
) -> dict[str, NDArray[np.float64]]:
    """(own + others,) each score, higher for what looks like the run's own images."""
    logits = np.concatenate([own.logits, others.logits]).astype(np.float64)
    features = np.concatenate([own.embeddings, others.embeddings])
    training_features = trained.embeddings[fitted]
    return {
        "msp": confidence(logits, temperature),
        "energy": negative_energy(logits),
        "mahalanobis": mahalanobis(features, training_features, trained.labels[fitted]),
        "knn": nearness(features, training_features),
    }
