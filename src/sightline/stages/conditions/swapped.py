"""Objects on other grounds: how much the answer to an object owes to what lies around it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sightline.data.batch import Batch, BatchReader, Items
from sightline.data.dataset import Dataset
from sightline.data.targets import LABEL, MASK, MISSING, MaskHashes, of_kind
from sightline.machine.signals import check_stop
from sightline.machine.terminal import logger
from sightline.metrics.documents.robustness import Backgrounds
from sightline.metrics.robustness.corruption_error import mean_gain, mean_score
from sightline.robustness.backgrounds import KINDS, Kind, Strip, partners, pasted, strip_of
from sightline.stages.conditions.changed import seen_again, squares_of
from sightline.stages.conditions.question import BACKGROUND, CLEAN, Key
from sightline.stages.conditions.subject import Subject
from sightline.tasks.segmentation.explanation import BACKGROUND as GROUND

LEFT_OUT = "Backgrounds are not swapped: "


def background_keys(subject: Subject) -> list[Key]:
    """Both kinds of grounds; none where they are not asked for, or cannot be swapped."""
    return [_key(kind) for kind in KINDS] if are_swapped(subject) and not obstacle(subject) else []


def are_swapped(subject: Subject) -> bool:
    """Whether that is asked for, of a model that it is for: one that predicts a label and a mask."""
    return subject.config.robustness.backgrounds and {LABEL, MASK} <= set(subject.shift.metrics)


def obstacle(subject: Subject) -> str:
    """Why backgrounds cannot be swapped, as far as is known before any image is read; empty where they can."""
    masks = of_kind(subject.loaded.dataset.split.targets, MaskHashes)[MASK]
    return "" if GROUND in masks.class_names else f"{LEFT_OUT}no class of the masks is called {GROUND}."


def under_backgrounds(subject: Subject) -> Backgrounds | str:
    """Accuracy of the label with the object on either kind of ground; else, why there is none.

    What an earlier command found of the same question stays.
    """
    if reason := obstacle(subject):
        return reason
    seed, n = subject.config.robustness.seed, len(subject.question.ids)
    scores = {kind: before.scores for kind in KINDS if (before := subject.stored(_key(kind)))}
    if len(scores) < len(KINDS):
        objects = Objects.of(subject)
        chosen = {kind: objects.partners(subject, kind) for kind in KINDS}
        able = objects.there & np.all([rows >= 0 for rows in chosen.values()], axis=0)
        if not able.any():
            return f"{LEFT_OUT}no image has an object and others of its shape with ground, of its class and of another."
        for kind in KINDS:
            if kind not in scores:
                logger.info("robustness: %d of %d objects on grounds, %s", int(able.sum()), n, kind)
                batches = SwappedLoader(subject, objects.strips, np.where(able, chosen[kind], -1))
                scores[kind] = subject.measured(batches, _key(kind)).scores
    clean = subject.stored((CLEAN, 0))
    assert clean is not None, "images as they are were measured before"
    same, rand = (scores[kind][LABEL][:, None] for kind in KINDS)
    original = np.where(np.isfinite(same), clean.scores[LABEL][:, None], np.nan)
    resampling = subject.resampling
    return {
        "n": int(np.isfinite(same).sum()),
        "seed": seed,
        "original": mean_score(original, resampling, graded=False).to_json(),
        "same": mean_score(same, resampling, graded=False).to_json(),
        "rand": mean_score(rand, resampling, graded=False).to_json(),
        "gap": mean_gain(same, rand, resampling).to_json(),
    }


@dataclass(frozen=True)
class Objects:
    """What the masks of n images say.

    Attributes:
        there: (n,) which have an object.
        labels: (n,) of the images.
        shapes: (n,) a number for each height and width.
        strips: of ground; None where there is no mask, or no strip wide enough.
    """

    there: NDArray[np.bool_]
    labels: NDArray[np.int64]
    shapes: NDArray[np.int64]
    strips: list[Strip | None]

    @classmethod
    def of(cls, subject: Subject) -> "Objects":
        """Read all masks once."""
        there: list[bool] = []
        labels: list[int] = []
        shapes: list[tuple[int, ...]] = []
        strips: list[Strip | None] = []
        for batch in subject.loader:
            check_stop()
            masks = batch.targets[MASK].cpu()
            there += _object_of(subject, masks).flatten(1).any(dim=1).tolist()
            labels += batch.targets[LABEL].tolist()
            shapes += [tuple(masks.shape[1:])] * len(masks)
            grounds = (masks == _ground_of(subject.loaded.dataset)).numpy()
            strips += [strip_of(one) if one.any() else None for one in grounds]
        codes = np.unique(np.array(shapes), axis=0, return_inverse=True)[1].reshape(-1)
        return cls(np.array(there), np.array(labels), codes.astype(np.int64), strips)

    def partners(self, subject: Subject, kind: Kind) -> NDArray[np.int64]:
        """(n,) the row of each image's partner, or -1."""
        ids, grounds = subject.question.ids.tolist(), np.array([one is not None for one in self.strips])
        return partners(ids, self.labels, self.shapes, grounds, kind, subject.config.robustness.seed)


@dataclass(frozen=True)
class SwappedLoader:
    """Batches with each object on the ground of its partner; images without one have no truth, and count for nothing.

    Attributes:
        subject: whose images.
        strips: of ground, of each image.
        chosen: (n,) the row of each image's partner, or -1.
    """

    subject: Subject
    strips: list[Strip | None]
    chosen: NDArray[np.int64]

    @property
    def dataset(self) -> Dataset:
        """Whose items they are."""
        return self.subject.loader.dataset

    @property
    def role(self) -> str:
        """Of the items."""
        return self.subject.loader.role

    def __len__(self) -> int:
        return len(self.subject.loader)

    def __iter__(self) -> Iterator[Batch]:
        loader, seen, first = self.subject.loader, self.subject.loaded.preprocessing, 0
        for batch in loader:
            rows = np.arange(first, first + len(batch))
            chosen, first = self.chosen[rows], first + len(batch)
            able = torch.from_numpy(chosen >= 0)
            masks, squares = batch.targets[MASK].cpu(), squares_of(batch.images, seen)
            others, inside = self._squares(np.where(chosen >= 0, chosen, rows)), _object_of(self.subject, masks)
            swapped = torch.stack(
                [
                    squares[row] if strip is None else pasted(squares[row], inside[row], others[row], strip)
                    for row, strip in enumerate(self.strips[one] if one >= 0 else None for one in chosen.tolist())
                ]
            )
            images = seen_again(swapped, batch.images, seen).contiguous(memory_format=loader.memory_format)
            able = able.to(batch.images.device)
            targets = {
                LABEL: batch.targets[LABEL].masked_fill(~able, MISSING),
                MASK: batch.targets[MASK].masked_fill(~able[:, None, None], self.dataset.ignore_index),
            }
            yield replace(batch, images=images, targets={**batch.targets, **targets})

    def _squares(self, rows: NDArray[np.int64]) -> Tensor:
        """uint8 images in some rows, all of one shape."""
        loader = self.subject.loader
        positions = loader.positions[rows]
        reader = BatchReader(self.dataset, loader.device, loader.memory_format)
        with_masks = partial(loader.transform.with_masks, fill=self.dataset.ignore_index)
        images, _ = reader.transformed(reader.read(Items(positions, positions)), loader.transform, with_masks)
        return squares_of(images, self.subject.loaded.preprocessing)


def _key(kind: Kind) -> Key:
    return f"{BACKGROUND}_{kind}", 0


def _ground_of(dataset: Dataset) -> int:
    """The class id of ground."""
    return of_kind(dataset.split.targets, MaskHashes)[MASK].class_names.index(GROUND)


def _object_of(subject: Subject, masks: Tensor) -> Tensor:
    """(B, H, W) which pixels are of an object."""
    dataset = subject.loaded.dataset
    return (masks != _ground_of(dataset)) & (masks != dataset.ignore_index)
