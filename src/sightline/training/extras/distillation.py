"""Knowledge distillation: what a teacher adds to the loss and to the batches (Hinton et al. 2015)."""

from collections.abc import Generator, Iterable
from contextlib import closing

from torch import Tensor, nn

from sightline.config.training import TrainingConfig
from sightline.data.batch import Batch
from sightline.errors import UsageError
from sightline.models.outputs import Outputs, by_head
from sightline.tasks.objective import Loss, Losses, Objective, Tally, Targets
from sightline.tasks.task import Task, TeacherLoss
from sightline.training.setup import Teacher
from sightline.training.state import Progress
from sightline.training.stream import BatchStream

TEACHER = "teacher"
"""The name of a teacher's outputs among the targets; with several heads, what their names begin with."""


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


class TaughtObjective(Objective):
    """An objective, of whose loss a share follows a teacher.

    Args:
        objective: of the task alone.
        teacher_loss: the loss of following the teacher.
        weight: its share.
    """

    def __init__(self, objective: Objective, teacher_loss: TeacherLoss, weight: float) -> None:
        self._objective = objective
        self._teacher_loss = teacher_loss
        self._weight = weight

    def train_losses(self, outputs: Outputs, targets: Targets) -> Losses:
        """Those of the task, and that of following the teacher, which every item has."""
        taught = Loss(self._teacher_loss(outputs, from_targets(targets)), _items(targets))
        return {**self._objective.train_losses(outputs, targets), TEACHER: taught}

    def plain_losses(self, outputs: Outputs, targets: Targets) -> Losses:
        """Of the task alone."""
        return self._objective.plain_losses(outputs, targets)

    def labelled(self, targets: Targets) -> dict[str, int]:
        """As the task counts, and every item for the teacher."""
        return {**self._objective.labelled(targets), TEACHER: _items(targets)}

    def total(self, losses: Losses) -> Tensor:
        """The share of the task, and the teacher's."""
        own = {name: loss for name, loss in losses.items() if name != TEACHER}
        return (1 - self._weight) * self._objective.total(own) + self._weight * losses[TEACHER].mean

    @property
    def learned(self) -> nn.Module | None:
        """Of the task alone."""
        return self._objective.learned

    def tally(self) -> Tally:
        """Of the task alone."""
        return self._objective.tally()


def _items(targets: Targets) -> int:
    return len(next(iter(targets.values())))


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


class TaughtStream:
    """A stream whose batches carry what a teacher says of them."""

    def __init__(self, stream: BatchStream, teacher: Teacher) -> None:
        self._stream = stream
        self._teacher = teacher

    def batches(self, progress: Progress) -> Generator[Batch, None, None]:
        """With the teacher's outputs among their targets."""
        with closing(self._stream.batches(progress)) as batches:
            yield from map(self._teacher.add_outputs, batches)

    def module(self, epoch: int) -> nn.Module:
        """As in the other stream."""
        return self._stream.module(epoch)

    def evaluation(self, epoch: int) -> tuple[nn.Module, Iterable[Batch]]:
        """As in the other stream: validation asks no teacher."""
        return self._stream.evaluation(epoch)
