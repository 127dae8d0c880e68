"""A finished run as a teacher: it says what it believes of every image that the student sees."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from sightline.data.batch import Batch
from sightline.data.loaders import EvalLoader
from sightline.data.preprocessing import Preprocessing
from sightline.data.splits.split import Split
from sightline.errors import UsageError
from sightline.inference.collector import OutputsCollector
from sightline.inference.model import load_model, load_preprocessing
from sightline.inference.predict import predict
from sightline.models.outputs import Outputs, map_outputs
from sightline.run.folder import Run
from sightline.tasks.table import task_of_run
from sightline.tasks.task import Task
from sightline.training.extras.distillation import as_targets
from sightline.training.origins import check_held_out
from sightline.training.precision import Precision, choose_precision


class TeacherModel:
    """Another run's model, asked about the very pixels the student sees.

    Args:
        model: the teacher, in eval mode.
        theirs: what the teacher's images went through.
        ours: what the student's images go through.
        precision: in which the teacher answers during training.
    """

    def __init__(self, model: nn.Module, theirs: Preprocessing, ours: Preprocessing, precision: Precision) -> None:
        self._model = model.requires_grad_(False)
        self._precision = precision
        self._side = theirs.image_size
        # From one normalisation to the other in one multiplication and one addition.
        std = _by_channel(theirs.std)
        self._scale = _by_channel(ours.std) / std
        self._shift = (_by_channel(ours.mean) - _by_channel(theirs.mean)) / std
        self._known: Outputs | None = None

    def remember(self, loader: EvalLoader) -> None:
        """Answer once for every item of a loader: for a training whose pixels are the same in every epoch."""
        outputs = predict(_Renormalised(self), loader, OutputsCollector())
        self._known = map_outputs(partial(_at, loader.positions, len(loader.dataset.split.ids)), outputs)

    @property
    def needs_images(self) -> bool:
        """Whether it must see the images of a batch; not after `remember`."""
        return self._known is None

    def add_outputs(self, batch: Batch) -> Batch:
        """The batch, with the teacher's outputs among its targets."""
        if self._known is None:
            outputs = self.outputs(batch.images)
        else:
            chosen, device = torch.from_numpy(batch.positions), batch.images.device
            outputs = map_outputs(lambda known: known[chosen].to(device), self._known)
        return Batch(batch.images, {**batch.targets, **as_targets(outputs)}, batch.positions, batch.weight)

    @torch.no_grad()
    def outputs(self, images: Tensor) -> Outputs:
        """For images (n, 3, h, w) as the student sees them, brought to the teacher's size and normalisation."""
        with self._precision.autocast():
            outputs: Outputs = self._model(self.as_seen(images))
        return map_outputs(Tensor.float, outputs)

    def as_seen(self, images: Tensor) -> Tensor:
        """The images as the teacher would have them."""
        images = images * self._scale.to(images.device) + self._shift.to(images.device)
        if images.shape[-1] != self._side:
            images = F.interpolate(images, size=(self._side, self._side), mode="bilinear", antialias=True)
        return images.contiguous(memory_format=torch.channels_last)

    @property
    def model(self) -> nn.Module:
        """The network."""
        return self._model


class _Renormalised(nn.Module):
    """The teacher for the student's images."""

    def __init__(self, teacher: TeacherModel) -> None:
        super().__init__()
        self._teacher = teacher

    def forward(self, images: Tensor) -> Outputs:
        outputs: Outputs = self._teacher.model(self._teacher.as_seen(images))
        return outputs


def _at(positions: NDArray[np.int64], count: int, outputs: Tensor) -> Tensor:
    """Outputs at their positions among `count` items; NaN for all others."""
    placed = outputs.new_full((count, *outputs.shape[1:]), torch.nan)
    placed[torch.from_numpy(positions)] = outputs
    return placed


def open_teacher(
    name: str, runs_dir: Path, task: Task, split: Split, ours: Preprocessing, device: torch.device, precision: str
) -> TeacherModel:
    """The model of a run, after it was made sure that it may teach here.

    Raises:
        UsageError: there is no such run, it is for another task, other classes or squares of another fit, or it was
            trained on images that are held out here.
    """
    try:
        run = Run.open(name, runs_dir)
    except UsageError as error:
        raise UsageError(f"training.teacher={name}: {error}") from error
    theirs = load_preprocessing(run)
    their_task = task_of_run(run)
    _check_task(name, their_task, task)
    _check_fit(name, theirs, ours)
    check_held_out(f"training.teacher={name}", run, split, runs_dir)
    if theirs.white != ours.white:
        raise UsageError(
            f"training.teacher={name} took {theirs.white} for white in grey of more than 8 bits, and this training "
            f"takes {ours.white}: set data.white={theirs.white}"
        )
    model = load_model(run, device, their_task.heads)
    return TeacherModel(model, theirs, ours, choose_precision(precision, device, model, theirs.image_size))


def _check_task(name: str, theirs: Task, ours: Task) -> None:
    if theirs.name != ours.name:
        raise UsageError(f"training.teacher={name} was trained for {theirs.name}; the model is for {ours.name}")
    for target, classes in ours.class_names.items():
        known = theirs.class_names.get(target, ())
        if known != classes:
            raise UsageError(
                f"training.teacher={name} knows the classes {_some(known)}; the data have {_some(classes)}"
            )


def _check_fit(name: str, theirs: Preprocessing, ours: Preprocessing) -> None:
    if theirs.fit != ours.fit:
        raise UsageError(f"training.teacher={name} was trained with fit={theirs.fit}; here it is fit={ours.fit}")


def _some(names: tuple[str, ...]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _by_channel(values: Sequence[float]) -> Tensor:
    return torch.tensor(values).view(1, -1, 1, 1)
