"""What a teacher adds: a share of the loss, and targets."""

import pytest
import torch
from torch import nn

from sightline.cli import compose_config
from sightline.config import parse
from sightline.errors import UsageError
from sightline.tasks.classification.losses import CrossEntropy, soft_target_loss
from sightline.tasks.classification.objective import ClassificationObjective
from sightline.tasks.classification.task import Classification
from sightline.training.extras.distillation import (
    TEACHER,
    TaughtObjective,
    as_targets,
    from_targets,
    with_teacher,
)


def test_the_weight_shares_the_loss_between_labels_and_teacher():
    outputs, labels, teacher = torch.randn(5, 3), torch.tensor([0, 1, 2, 0, 1]), torch.randn(5, 3)
    plain = ClassificationObjective(3, CrossEntropy())
    taught = TaughtObjective(plain, lambda a, b: soft_target_loss(a, b, 2.0), weight=0.25)
    expected = 0.75 * nn.functional.cross_entropy(outputs, labels) + 0.25 * soft_target_loss(outputs, teacher, 2.0)
    targets = {"label": labels, TEACHER: teacher}
    losses = taught.train_losses(outputs, targets)
    torch.testing.assert_close(taught.total(losses), expected)
    assert {name: loss.items for name, loss in losses.items()} == taught.labelled(targets) == {"label": 5, TEACHER: 5}
    plain_loss = taught.plain_losses(outputs, {"label": labels})["label"].mean
    assert torch.equal(plain_loss, nn.functional.cross_entropy(outputs, labels))


def test_outputs_of_several_heads_pass_through_the_targets():
    outputs = {"label": torch.randn(4, 3), "depth": torch.randn(4, 1)}
    targets = {"label": torch.arange(4), **as_targets(outputs)}
    assert targets.keys() == {"label", "teacher.label", "teacher.depth"}
    assert from_targets(targets) == outputs
    assert from_targets(as_targets(outputs["label"])) is outputs["label"]


def test_a_task_that_cannot_follow_a_teacher_is_refused():
    training = parse.parse(compose_config(["mode=demo", "training.teacher=some/run"])).training
    objective = ClassificationObjective(2, CrossEntropy())
    task = Classification(("a", "b"))
    assert isinstance(with_teacher(objective, task, training), TaughtObjective)
    assert with_teacher(objective, task, training.model_copy(update={"teacher": None})) is objective

    class Alone(Classification):
        name = "alone"

        def teacher_loss(self, temperature: float) -> None:  # noqa: ARG002 - one shape for all
            return None

    with pytest.raises(UsageError, match=r"training\.teacher=some/run: alone cannot follow a teacher"):
        with_teacher(objective, Alone(("a", "b")), training)
