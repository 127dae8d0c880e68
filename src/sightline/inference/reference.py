"""What new images are held against: the run's own that it was not fitted to, as numbers, without pixels or names."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from sightline.config import parse
from sightline.config.schema import Config
from sightline.data.dataset import Dataset
from sightline.data.image_statistics import image_statistics
from sightline.data.preprocessing import Preprocessing
from sightline.errors import UsageError
from sightline.inference.model import class_names_of, load_preprocessing, load_split
from sightline.inference.predictions import has_predictions, load_predictions, predictions_file
from sightline.inference.predictor import PredictedImages
from sightline.machine.signals import check_stop
from sightline.machine.terminal import logger
from sightline.metrics.drift.measure import MOST, Sample, evenly
from sightline.metrics.drift.statistics import PIXELS
from sightline.metrics.predictions import Predictions
from sightline.run.folder import Run, SplitName
from sightline.run.origin import MADE_FROM, PREPROCESSING, SPLIT, as_array, check_current, obstacle, origin_of
from sightline.run.stored import damaged

REFERENCE: Final = "reference.npz"
ROLES: Final[tuple[SplitName, ...]] = ("val", "calibration")
"""What a model was neither fitted to nor may keep locked: of training images it is too sure."""
AT_ONCE: Final = 256


@dataclass(frozen=True)
class Reference:
    """What a run holds to compare new images with.

    Attributes:
        sample: its images.
        class_names: of what it predicts.
        words: which images they are.
        notes: what is not compared, and why.
    """

    sample: Sample
    class_names: Sequence[str]
    words: str
    notes: Sequence[str] = ()


@dataclass
class NewImages:
    """Statistics of images while they are predicted.

    Attributes:
        failed: how many could not be read.
    """

    failed: int = 0
    _pixels: list[NDArray[np.float32]] = field(default_factory=list)
    _logits: list[NDArray[np.float32]] = field(default_factory=list)

    def add(self, part: PredictedImages) -> None:
        """Take in what a model saw and said of some images."""
        self.failed += len(part.errors)
        if part.squares is None:
            return
        self._pixels.append(image_statistics(part.squares.numpy()))
        if isinstance(part.outputs, Tensor) and part.outputs.ndim == 2:
            self._logits.append(part.outputs.float().cpu().numpy())

    def __len__(self) -> int:
        return sum(map(len, self._pixels))

    def sample(self) -> Sample:
        """All that was seen so far."""
        pixels = np.concatenate([np.empty((0, len(PIXELS)), dtype=np.float32), *self._pixels])
        return Sample(pixels, np.concatenate(self._logits) if self._logits else None)


def keep_reference(run: Run, config: Config, dataset: Dataset | None) -> None:
    """Write the statistics of held-out images, evenly drawn, unless they are there and current.

    Args:
        run: a trained one; of another tool's predictions nothing is kept.
        config: of the command.
        dataset: the run's images, if they are at hand.
    """
    if not run.has(SPLIT) or (run.has(REFERENCE) and not (obstacle(run, REFERENCE) or _is_other_version(run))):
        return
    split, preprocessing = load_split(run), load_preprocessing(run)
    if dataset is None:
        try:
            dataset = Dataset.open(config, split, preprocessing.reduction, white=preprocessing.white)
        except UsageError as error:
            logger.warning("without the run's images no reference is kept to tell drift by: %s", error)
            return
    places = [(role, place) for role in ROLES for place in range(len(split.positions(role)))]
    if not places:
        return
    kept = [places[one] for one in evenly(len(places), MOST)]
    positions = np.array([dataset.positions(role)[place] for role, place in kept])
    run.save_arrays(
        REFERENCE,
        roles=np.array([role for role, _ in kept]),
        places=np.array([place for _, place in kept]),
        names=np.array(list(PIXELS)),
        pixels=_statistics(dataset, preprocessing, positions),
        **{MADE_FROM: as_array(origin_of(run, PREPROCESSING, SPLIT))},
    )


def load_reference(run: Run) -> Reference:
    """Read what new images are compared with.

    Raises:
        UsageError: the run holds none, or one of another version or other images.
        RunFailedError: it is damaged.
    """
    remedy = f"`bash run.sh calibrate run={run.path.parent.name}/{run.path.name}` writes it while the run's images lie"
    remedy += " where they did"
    if not run.has(REFERENCE):
        raise UsageError(f"{run.path} holds no {REFERENCE} to compare new images with; {remedy}")
    check_current(run, REFERENCE)
    if _is_other_version(run):
        raise UsageError(f"{run.path / REFERENCE} holds the statistics of another version; {remedy}")
    arrays = run.load_arrays(REFERENCE)
    pixels, roles, places = arrays["pixels"], arrays["roles"], arrays["places"]
    if fault := _fault(pixels, roles, places):
        raise damaged(run.path, REFERENCE, fault)
    found = [role for role in ROLES if (roles == role).any()]
    words = f"{len(pixels):,} images of {' and '.join(found)}"
    if parse.read_model(run.path / "config.yaml").task != "classification":
        return Reference(Sample(pixels), (), words, ["Pixels alone are compared: the model predicts masks."])
    logits, missing = _logits(run, roles, places)
    return Reference(Sample(pixels, logits), class_names_of(run), words, missing)


def _fault(pixels: NDArray[np.float32], roles: NDArray[np.str_], places: NDArray[np.int64]) -> str:
    """Why the arrays are not the statistics of held-out images; empty where they may be."""
    if roles.ndim != 1 or not np.isin(roles, ROLES).all():
        return f"its roles are not all among {', '.join(ROLES)}"
    if not len(roles) or pixels.shape != (len(roles), len(PIXELS)) or places.shape != roles.shape:
        return f"{pixels.shape} statistics are not of {len(roles)} images"
    if pixels.dtype != np.float32 or not np.isfinite(pixels).all():
        return "its statistics are no numbers"
    if places.dtype.kind != "i" or places.min() < 0:
        return "its places are no whole numbers from 0 on"
    return ""


def _is_other_version(run: Run) -> bool:
    return list(run.load_arrays(REFERENCE)["names"]) != list(PIXELS)


def _logits(
    run: Run, roles: NDArray[np.str_], places: NDArray[np.int64]
) -> tuple[NDArray[np.float32] | None, list[str]]:
    """(n, classes) what the model said of the reference, by the predictions of their splits; else why not."""
    parts: list[NDArray[np.float32]] = []
    for role in ROLES:
        chosen = places[roles == role]
        if not len(chosen):
            continue
        reason = "" if has_predictions(run, role) else f"{predictions_file(role)} is not there"
        if reason := reason or obstacle(run, predictions_file(role)):
            return None, [f"Pixels alone are compared: {reason}; mode `calibrate` writes it."]
        logits = load_predictions(run, role, "compare new images", Predictions.from_arrays).logits
        if len(logits) <= chosen.max(initial=0):
            raise damaged(run.path, REFERENCE, f"it is of more images than {predictions_file(role)}")
        parts.append(logits[chosen])
    return np.concatenate(parts), []


def _statistics(dataset: Dataset, preprocessing: Preprocessing, positions: NDArray[np.int64]) -> NDArray[np.float32]:
    """(n, statistics) of items of a split, of the pixels that the model sees."""
    found = np.empty((len(positions), len(PIXELS)), dtype=np.float32)
    transform = preprocessing.transform()
    for start in range(0, len(positions), AT_ONCE):
        check_stop()
        rows = dataset.rows[positions[start : start + AT_ONCE]]
        for places, images, sizes in dataset.store.batches(rows):
            at_once = 1 if preprocessing.fit == "whole" else len(images)
            for first in range(0, len(images), at_once):
                some = slice(first, first + at_once)
                squares = transform.square(images[some], sizes[some])
                found[start + places[some]] = image_statistics(squares.numpy())
    return found
