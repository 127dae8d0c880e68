"""Knowledge distillation: a finished run teaches what it believes of every image (Hinton et al. 2015)."""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sightline.config.schema import TrainingConfig
from sightline.data.batch import Batch
from sightline.data.loaders import EvalLoader
from sightline.data.preprocessing import Preprocessing
from sightline.data.splits.split import Split
from sightline.errors import UsageError
from sightline.inference.model import load_model, load_preprocessing, load_split
from sightline.inference.predict import predict_logits
from sightline.models.outputs import Outputs, by_head, map_outputs
from sightline.run.folder import Run
from sightline.tasks.objective import Objective, Tally, Targets
from sightline.tasks.task import Task, TeacherLoss
from sightline.training.precision import Precision, choose_precision

TEACHER = "teacher"
"""The name of a teacher's outputs among the targets; with several heads, what their names begin with."""


class Teacher:
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
        shape = (1, 3, 1, 1)
        (mean, std), (before, scale) = (
            (torch.tensor(side.mean).view(shape), torch.tensor(side.std).view(shape)) for side in (theirs, ours)
        )
        self._scale, self._shift = scale / std, (before - mean) / std
        self._known: Tensor | None = None

    def remember(self, loader: EvalLoader) -> None:
        """Answer once for every item of a loader: for a training whose pixels are the same in every epoch."""
        predictions, _ = predict_logits(_Renormalised(self), loader)
        known = np.full((len(loader.dataset.split.ids), predictions.logits.shape[1]), np.nan, dtype=np.float32)
        known[loader.positions] = predictions.logits
        self._known = torch.from_numpy(known)

    @property
    def remembers(self) -> bool:
        """Whether every image was asked about beforehand."""
        return self._known is not None

    def __call__(self, batch: Batch) -> Batch:
        """The batch, with the teacher's outputs among its targets."""
        if self._known is None:
            outputs = self.outputs(batch.images)
        else:
            outputs = self._known[torch.from_numpy(batch.positions)].to(batch.images.device)
        return Batch(batch.images, {**batch.targets, **as_targets(outputs)}, batch.positions, batch.weight)

    @torch.no_grad()
    def outputs(self, images: Tensor) -> Outputs:
        """For images (n, 3, h, w) as the student sees them, brought to the teacher's size and normalisation."""
        with self._precision.autocast():
            outputs: Outputs = self._model(self.seen(images))
        return map_outputs(Tensor.float, outputs)

    def seen(self, images: Tensor) -> Tensor:
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
    """The teacher under timm's protocol, for the student's images."""

    def __init__(self, teacher: Teacher) -> None:
        super().__init__()
        self._teacher = teacher
        self._network = teacher.model

    def forward_features(self, images: Tensor) -> Tensor:
        features: Tensor = self._network.forward_features(self._teacher.seen(images))  # type: ignore[operator]
        return features

    def forward_head(self, features: Tensor, pre_logits: bool = False) -> Tensor:
        answers: Tensor = self._network.forward_head(features, pre_logits=pre_logits)  # type: ignore[operator]
        return answers


def as_targets(outputs: Outputs) -> dict[str, Tensor]:
    """A teacher's outputs by the names they have among a batch's targets."""
    if isinstance(outputs, Tensor):
        return {TEACHER: outputs}
    return {f"{TEACHER}.{head}": tensor for head, tensor in by_head(outputs).items()}


def from_targets(targets: Targets) -> Outputs:
    """A teacher's outputs, out of the targets of a batch."""
    if TEACHER in targets:
        return targets[TEACHER]
    start = f"{TEACHER}."
    return {name.removeprefix(start): tensor for name, tensor in targets.items() if name.startswith(start)}


class TaughtObjective:
    """An objective, of whose loss a share follows a teacher.

    Args:
        objective: of the task alone.
        teacher_loss: the loss of following the teacher.
        weight: its share.
    """

    def __init__(self, objective: Objective, teacher_loss: TeacherLoss, weight: float) -> None:
        self._objective, self._teacher_loss, self._weight = objective, teacher_loss, weight

    def train_loss(self, outputs: Outputs, targets: Targets) -> Tensor:
        """Mean over the items."""
        loss = self._objective.train_loss(outputs, targets)
        return (1 - self._weight) * loss + self._weight * self._teacher_loss(outputs, from_targets(targets))

    def plain_loss(self, outputs: Outputs, targets: Targets) -> Tensor:
        """Of the task alone."""
        return self._objective.plain_loss(outputs, targets)

    def tally(self) -> Tally:
        """Of the task alone."""
        return self._objective.tally()


def with_teacher(objective: Objective, task: Task, config: TrainingConfig) -> Objective:
    """The objective of a training with a teacher, or the same one where `training.teacher` names none.

    Raises:
        UsageError: the task does not say how a teacher is followed.
    """
    if config.teacher is None:
        return objective
    teacher_loss = task.teacher_loss(config.teacher_temperature)
    if teacher_loss is None:
        raise UsageError(f"training.teacher={config.teacher}: {task.name} cannot follow a teacher; leave it out")
    return TaughtObjective(objective, teacher_loss, config.teacher_weight)


def open_teacher(
    name: str, runs_dir: Path, split: Split, ours: Preprocessing, device: torch.device, precision: str
) -> Teacher:
    """The model of a run, after it was made sure that it may teach here.

    Raises:
        UsageError: there is no such run, it knows other classes, or it was trained on images that are held out here.
    """
    try:
        run = Run.open(name, runs_dir)
    except UsageError as error:
        raise UsageError(f"training.teacher={name}: {error}") from error
    theirs = load_preprocessing(run)
    if theirs.class_names != ours.class_names:
        raise UsageError(
            f"training.teacher={name} knows the classes {_some(theirs.class_names)}; "
            f"the data have {_some(ours.class_names)}"
        )
    _check_held_out(name, load_split(run), split)
    model = load_model(run, device)
    return Teacher(model, theirs, ours, choose_precision(precision, device, model, theirs.image_size))


def _check_held_out(name: str, theirs: Split, ours: Split) -> None:
    """A teacher that has seen the images of our test split would pass on their labels."""
    seen = {theirs.hashes[place] for place in theirs.positions("train").tolist()}
    for role in ("val", "calibration", "test"):
        shared = [ours.ids[place] for place in ours.positions(role).tolist() if ours.hashes[place] in seen]
        if shared:
            raise UsageError(
                f"training.teacher={name} was trained on {len(shared)} images that are in the {role} split here "
                f"({shared[0]}); train it with the same data.split_seed and fractions"
            )


def _some(names: tuple[str, ...]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
