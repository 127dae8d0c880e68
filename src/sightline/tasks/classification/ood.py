"""Unknown images, a part of the evaluation: how well scores tell them from those of the run's own data."""

import numpy as np

from sightline.config.schema import Config
from sightline.data.dataset import Dataset
from sightline.inference.model import load_model, load_preprocessing, load_split, temperature_of
from sightline.inference.ood import predict_unknown
from sightline.inference.predict import Predicted, eval_loader, predict_logits
from sightline.machine.device import pick_device
from sightline.metrics.documents.evaluation import OutOfDistribution
from sightline.metrics.intervals.resampling import Resampling
from sightline.metrics.ood.detection import detection
from sightline.metrics.ood.scores import confidence, mahalanobis, nearness, negative_energy
from sightline.reporting import figures
from sightline.reporting.sections.ood import ood_table
from sightline.reporting.terminal import show
from sightline.run.folder import Run, SplitName

MOST_FITTED = 20_000
"""Training images whose features are compared with, evenly taken."""


def measure_unknown(config: Config, run: Run, role: SplitName) -> OutOfDistribution:
    """`ood` of `evaluation.json`, and its figure: the images of a split against those of `evaluation.ood`.

    Raises:
        UsageError: there are no other images.
    """
    data = config.evaluation.ood
    assert data is not None
    preprocessing, device, split = load_preprocessing(run), pick_device(config.device), load_split(run)
    model = load_model(run, device)
    unknown, unknown_features = predict_unknown(config, data, model, preprocessing, device)
    dataset = Dataset.open(config, split, preprocessing.stored_side, test_unlocked=role == "test")

    def asked(name: SplitName) -> Predicted:
        return predict_logits(model, eval_loader(dataset, name, preprocessing, config.evaluation.batch_size, device))

    (known, known_features), (trained, fitted) = asked(role), asked("train")
    chosen = np.unique(np.linspace(0, len(fitted) - 1, min(MOST_FITTED, len(fitted))).round().astype(np.int64))
    logits = np.concatenate([known.logits, unknown.logits]).astype(np.float64)
    features = np.concatenate([known_features, unknown_features])
    scores = {
        "msp": confidence(logits, temperature_of(run)),
        "energy": negative_energy(logits),
        "mahalanobis": mahalanobis(features, fitted[chosen], trained.labels[chosen]),
        "knn": nearness(features, fitted[chosen]),
    }
    own = np.arange(len(logits)) < len(known)
    resampling = Resampling(config.evaluation.level, config.evaluation.resamples, config.seed)
    found: OutOfDistribution = {
        "data": data.model_dump(mode="json", include={"name", "root", "manifest"}),
        "n_known": len(known),
        "n_unknown": len(unknown),
        "n_fitted": len(chosen),
        "scores": {name: detection(score, own, resampling) for name, score in scores.items()},
    }
    run.save_bytes("figures/unknown.png", figures.ood(scores, own))
    show(f"{role} split against {len(unknown)} unknown images", ood_table(found))
    return found
