"""Features of a backbone that does not change, computed once: while only the classifier trains, it needs no images."""

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sightline.data.batch import Batch
from sightline.machine.distributed import world
from sightline.machine.free_space import format_bytes, free_memory
from sightline.machine.memory import fit_in_memory
from sightline.machine.terminal import logger
from sightline.models.groups import classifier_modules, classifier_names
from sightline.models.outputs import Outputs
from sightline.training.setup import Training
from sightline.training.state import Progress

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


class FeatureStream:
    """What the classifier sees of every training image, in each of the views that training shows of it.

    Filled by the first epoch of each view as it comes by. The network is kept in evaluation mode, and its classifier
    takes the very features that the whole network would have given it. Once more than the classifier trains, images
    take over.

    Args:
        training: whose classifier trains alone at first.
        classifier: the model's.

    Attributes:
        until: the epoch before which only the classifier trains.
        head: what trains until then.
    """

    def __init__(self, training: Training, classifier: nn.Module) -> None:
        self._training = training
        self._model = training.model
        self._train = training.train
        self.until = training.train.cached_until
        self.head = Head(classifier, training.drop_rate)
        positions = training.train.positions
        self._rows = np.zeros(len(training.train.dataset.split.ids), dtype=np.int64)
        self._rows[positions] = np.arange(len(positions))
        self._features: dict[int, Tensor] = {}
        self._known: dict[int, Tensor] = {}
        self._val_batches: list[Batch] = []

    def module(self, epoch: int) -> nn.Module:
        """The head, then the model."""
        return self.head if epoch < self.until else self._model

    def batches(self, progress: Progress) -> Generator[Batch, None, None]:
        """With features for images, until more than the classifier trains."""
        total = self._training.total_steps
        per_epoch = len(self._train)
        step = progress.step
        while step < total and (epoch := step // per_epoch) < self.until:
            end = (epoch + 1) * per_epoch
            if self._is_known(epoch):
                yield from self._known_batches(step, end)
            else:
                yield from self._new_batches(step, end, progress)
            step = end
        if step < total:
            with closing(self._train.batches(step, total, total)) as batches:
                yield from batches

    def evaluation(self, epoch: int) -> tuple[nn.Module, Iterable[Batch]]:
        """The head on features of val where it is what trains; an average of weights has other features."""
        training = self._training
        if epoch >= self.until or training.eval_model is not training.model:
            return training.eval_model, training.val
        if not self._val_batches:
            self._val_batches = [_with_features(batch, self._compute(batch, 1)) for batch in training.val]
        return self.head, self._val_batches

    def obstacle(self) -> str | None:
        """What stands against keeping features, if anything."""
        if self._training.teacher is not None and self._training.teacher.needs_images:
            return "the teacher wants to see the images"
        images = self._train.batch(0, 0, 0.0).images[:TRIED]
        self._model.eval()
        with torch.no_grad(), self._training.precision.autocast():
            features = features_of(self._model, images)
            by_head = self.head.eval()(features)
            by_model: Outputs = self._model(images)
        if not _agree(by_head, by_model):
            return "this model's classifier is more than its last layer"
        items = (self._train.cached_views or 1) * len(self._train.positions)
        needed = items * features[0].numel() * features.element_size()
        return f"they would take {format_bytes(needed)}" if needed > SHARE_OF_MEMORY * free_memory() else None

    def _is_known(self, epoch: int) -> bool:
        """Whether every image is known in the view of an epoch."""
        known = self._known.get(self._train.augmentation_epoch(epoch))
        return known is not None and bool(known.all())

    def _known_batches(self, first: int, last: int) -> Iterator[Batch]:
        """The batches of steps `first` … `last - 1` of an epoch that is known."""
        for step in range(first, last):
            epoch, index = divmod(step, len(self._train))
            items = self._train.items(epoch, index)
            rows = torch.from_numpy(self._rows[items.positions])
            features = self._features[self._train.augmentation_epoch(epoch)][rows.to(self._train.device)]
            yield Batch(features, self._train.targets(items.positions), items.positions, items.weight)

    def _new_batches(self, first: int, last: int, progress: Progress) -> Iterator[Batch]:
        """The batches of steps `first` … `last - 1` of an epoch, whose features are kept for the epochs to come."""
        view = self._train.augmentation_epoch(first // len(self._train))
        with closing(self._train.batches(first, last, self._training.total_steps)) as batches:
            for batch in batches:
                features = self._compute(batch, progress.micro_batches)
                self._store(features, batch, view)
                yield _with_features(batch, features)

    def _store(self, features: Tensor, batch: Batch, view: int) -> None:
        if view not in self._features:
            items = len(self._train.positions)
            self._features[view] = torch.empty((items, features.shape[1]), dtype=features.dtype, device=features.device)
            self._known[view] = torch.zeros(items, dtype=torch.bool)
        rows = torch.from_numpy(self._rows[batch.positions])
        self._features[view][rows.to(features.device)] = features
        self._known[view][rows] = True

    def _compute(self, batch: Batch, micro_batches: int) -> Tensor:
        """The features of a batch, with the network in evaluation mode; the head keeps the mode it is in."""
        mode = self.head.training
        self._model.eval()
        self.head.train(mode)
        most = max(micro_batches, len(batch))
        features, _ = fit_in_memory(partial(self._forward, batch), micro_batches, most, len(batch))
        return features

    @torch.no_grad()
    def _forward(self, batch: Batch, micro_batches: int) -> Tensor:
        with self._training.precision.autocast():
            return torch.cat([features_of(self._model, part.images) for part in batch.micro_batches(micro_batches)])


def _with_features(batch: Batch, features: Tensor) -> Batch:
    return Batch(features, batch.targets, batch.positions, batch.weight)


def _agree(by_head: Tensor, by_model: Outputs) -> bool:
    return isinstance(by_model, Tensor) and torch.allclose(by_head.float(), by_model.float(), rtol=1e-2, atol=1e-2)


def features_of(model: nn.Module, images: Tensor) -> Tensor:
    """(n, d) what the classifier of a network sees."""
    maps = model.forward_features(images)  # type: ignore[operator]
    features: Tensor = model.forward_head(maps, pre_logits=True)  # type: ignore[operator]
    return features


def feature_stream(training: Training) -> FeatureStream | None:
    """Features, where the classifier trains alone at first and sees few views of each image; else None.

    What stands against it is said in the log where a person would not expect it.
    """
    plan, train = training.plan, training.train
    if not plan.freezes or plan.dropout or train.cached_views is None or world().size > 1:
        return None
    trains = zip(training.groups, plan.trainable(0), strict=True)
    alone = {name for group, begins in trains if begins for name in group.parameter_names}
    if alone != classifier_names(training.model):
        return None
    classifiers = classifier_modules(training.model)
    if len(classifiers) > 1:
        logger.info("features are not kept: this model has several heads")
        return None
    stream = FeatureStream(training, classifiers[0])
    obstacle = stream.obstacle()
    if obstacle:
        logger.info("features are not kept: %s", obstacle)
        return None
    shown = f"{train.cached_views} views of each image" if train.cached_views > 1 else "the images"
    logger.info("features of %s are computed once, until epoch %d", shown, stream.until)
    return stream
