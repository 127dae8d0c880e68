"""Features of a backbone that does not change, computed once: while only the classifier trains, it needs no images."""

from collections.abc import Generator, Iterator
from contextlib import closing
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sightline.data.batch import Batch
from sightline.data.loaders import TrainLoader
from sightline.machine.distributed import world
from sightline.machine.free_space import free_memory, in_words
from sightline.machine.memory import fit_in_memory
from sightline.machine.terminal import logger
from sightline.models.groups import classifier_names
from sightline.training.parts import Training

SHARE_OF_MEMORY = 0.25
"""Of the memory that is free at the first batch; larger features are computed anew in every epoch."""


TRIED = 8
"""Images on which the two ways through a network are compared."""


class Head(nn.Module):
    """The end of a network: dropout, then its classifier, which is the network's own."""

    def __init__(self, classifier: nn.Module, drop_rate: float) -> None:
        super().__init__()
        self.classifier = classifier
        self._drop_rate = drop_rate

    def forward(self, features: Tensor) -> Tensor:
        """(n, d) to (n, classes)."""
        logits: Tensor = self.classifier(F.dropout(features, self._drop_rate, self.training))
        return logits


class FeatureCache:
    """What the classifier sees of every training image, in each of the views that training shows of it.

    Filled by the first epoch of each view as it comes by. The network is kept in evaluation mode, and its classifier
    takes the very features that the whole network would have given it.

    Attributes:
        until: the epoch before which only the classifier trains.
        head: what trains until then.
    """

    def __init__(self, training: Training) -> None:
        model, train = training.model, training.train
        self._model, self._train, self._val, self._precision = model, train, training.val, training.precision
        self._teacher = training.teacher
        self.until = train.cached_until
        self.head = Head(model.get_classifier(), training.drop_rate)  # type: ignore[operator]
        self._rows = np.zeros(len(train.dataset.split.ids), dtype=np.int64)
        self._rows[train.positions] = np.arange(len(train.positions))
        self._features: dict[int, Tensor] = {}
        self._held: dict[int, Tensor] = {}
        self._val_batches: list[Batch] = []

    def obstacle(self) -> str | None:
        """What stands against keeping features, if anything."""
        if self._teacher is not None and not self._teacher.remembers:
            return "the teacher wants to see the images"
        images = self._train.batch(0, 0, 0.0).images[:TRIED]
        self._model.eval()
        with torch.no_grad(), self._precision.autocast():
            features = features_of(self._model, images)
            ours, whole = self.head.eval()(features), self._model(images)
        if not torch.allclose(ours.float(), whole.float(), rtol=1e-2, atol=1e-2):
            return "this model's classifier is more than its last layer"
        needed = (
            (self._train.cached_views or 1) * len(self._train.positions) * features[0].numel() * features.element_size()
        )
        return f"they would take {in_words(needed)}" if needed > SHARE_OF_MEMORY * free_memory() else None

    def holds(self, epoch: int) -> bool:
        """Whether every image is known in the view of an epoch."""
        held = self._held.get(self._train.augmentation_epoch(epoch))
        return held is not None and bool(held.all())

    def batches(self, first: int, last: int) -> Iterator[Batch]:
        """The batches of steps `first` … `last - 1` of an epoch that is held, with features for images."""
        for step in range(first, last):
            epoch, index = divmod(step, len(self._train))
            items = self._train.items(epoch, index)
            rows = torch.from_numpy(self._rows[items.positions])
            features = self._features[self._train.augmentation_epoch(epoch)][rows.to(self._train.device)]
            yield Batch(features, self._train.targets(items.positions), items.positions, items.weight)

    def kept(self, batch: Batch, epoch: int, parts: int) -> Batch:
        """A batch of images, with their features instead, which are kept for the epochs to come."""
        features = self._seen(batch, parts)
        view = self._train.augmentation_epoch(epoch)
        if view not in self._features:
            shape = (len(self._train.positions), features.shape[1])
            self._features[view] = torch.empty(shape, dtype=features.dtype, device=features.device)
            self._held[view] = torch.zeros(len(self._train.positions), dtype=torch.bool)
        rows = torch.from_numpy(self._rows[batch.positions])
        self._features[view][rows.to(features.device)] = features
        self._held[view][rows] = True
        return Batch(features, batch.targets, batch.positions, batch.weight)

    def val_batches(self) -> list[Batch]:
        """The val split, with features for images."""
        if not self._val_batches:
            self._val_batches = [
                Batch(self._seen(batch, 1), batch.targets, batch.positions, batch.weight) for batch in self._val
            ]
        return self._val_batches

    def _seen(self, batch: Batch, parts: int) -> Tensor:
        self._model.eval()
        features, _ = fit_in_memory(partial(self._in_parts, batch), parts, max(parts, len(batch)), len(batch))
        return features

    @torch.no_grad()
    def _in_parts(self, batch: Batch, parts: int) -> Tensor:
        with self._precision.autocast():
            return torch.cat([features_of(self._model, part.images) for part in batch.micro_batches(parts)])


def features_of(model: nn.Module, images: Tensor) -> Tensor:
    """(n, d) what the classifier of a network sees."""
    maps = model.forward_features(images)  # type: ignore[operator]
    features: Tensor = model.forward_head(maps, pre_logits=True)  # type: ignore[operator]
    return features


def feature_cache(training: Training) -> FeatureCache | None:
    """A cache, where the classifier trains alone at first and sees few views of each image; else None.

    What stands against it is said in the log where a person would not expect it.
    """
    model, plan, train = training.model, training.plan, training.train
    if not plan.freezes or plan.dropout or train.cached_views is None or world().size > 1:
        return None
    trains = zip(training.groups, plan.trainable(0), strict=True)
    alone = {name for group, begins in trains if begins for name in group.parameter_names}
    if alone != classifier_names(model):
        return None
    cache = FeatureCache(training)
    obstacle = cache.obstacle()
    if obstacle:
        logger.info("features are not kept: %s", obstacle)
        return None
    shown = f"{train.cached_views} views of each image" if train.cached_views > 1 else "the images"
    logger.info("features of %s are computed once, until epoch %d", shown, cache.until)
    return cache


def fed(cache: FeatureCache | None, train: TrainLoader, first: int, total: int) -> Generator[Batch, None, None]:
    """The batches of all steps from `first` on; with features for images where they are held."""
    per_epoch, step = len(train), first
    while step < total:
        epoch = step // per_epoch
        if cache is None or epoch >= cache.until:
            with closing(train.batches(step, total, total)) as batches:
                yield from batches
            return
        end = (epoch + 1) * per_epoch
        if cache.holds(epoch):
            yield from cache.batches(step, end)
        else:
            with closing(train.batches(step, end, total)) as batches:
                yield from batches
        step = end
