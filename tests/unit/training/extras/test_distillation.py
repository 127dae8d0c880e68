"""A teacher sees what the student sees, in its own terms, and never what is held out."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from sightline.cli import compose_config
from sightline.config import parse
from sightline.data.batch import Batch
from sightline.data.preprocessing import Preprocessing
from sightline.data.splits.split import Split
from sightline.data.targets import ClassTarget
from sightline.errors import UsageError
from sightline.tasks.classification.losses import CrossEntropy, soft_target_loss
from sightline.tasks.classification.objective import ClassificationObjective
from sightline.tasks.classification.task import Classification
from sightline.training.extras.distillation import (
    TEACHER,
    TaughtObjective,
    Teacher,
    _check_held_out,
    as_targets,
    from_targets,
    with_teacher,
)
from sightline.training.precision import Precision

OURS = Preprocessing(8, (0.5, 0.4, 0.3), (0.2, 0.25, 0.3), "bilinear", 1.0, ("a", "b"))
FP32 = Precision("fp32", torch.device("cpu"))
THEIRS = Preprocessing(8, (0.1, 0.2, 0.3), (0.9, 0.8, 0.7), "bilinear", 1.0, ("a", "b"))


class Mean(nn.Module):
    """Answers with what it saw: the mean of the first two channels."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images.mean(dim=(2, 3))[:, :2]


def normalised(pixels: torch.Tensor, by: Preprocessing) -> torch.Tensor:
    return (pixels - torch.tensor(by.mean).view(1, 3, 1, 1)) / torch.tensor(by.std).view(1, 3, 1, 1)


def test_pixels_are_brought_to_the_teachers_normalisation_and_size():
    pixels = torch.rand(4, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    seen = Teacher(Mean(), THEIRS, OURS, FP32).seen(normalised(pixels, OURS))
    torch.testing.assert_close(seen, normalised(pixels, THEIRS))
    larger = Teacher(Mean(), replace(THEIRS, image_size=20), OURS, FP32).seen(normalised(pixels, OURS))
    assert larger.shape == (4, 3, 20, 20)


def test_a_batch_gets_logits_and_keeps_the_rest_and_parts_keep_their_own():
    batch = Batch(torch.randn(6, 3, 8, 8), {"label": torch.arange(6) % 2}, np.arange(6), 0.5)
    taught = Teacher(Mean(), OURS, OURS, FP32)(batch)
    torch.testing.assert_close(taught.targets[TEACHER], batch.images.mean(dim=(2, 3))[:, :2])
    assert taught.weight == 0.5
    assert taught.images is batch.images
    parts = taught.micro_batches(2)
    assert torch.equal(torch.cat([part.targets[TEACHER] for part in parts]), taught.targets[TEACHER])


def test_the_weight_shares_the_loss_between_labels_and_teacher():
    outputs, labels, teacher = torch.randn(5, 3), torch.tensor([0, 1, 2, 0, 1]), torch.randn(5, 3)
    plain = ClassificationObjective(3, CrossEntropy())
    taught = TaughtObjective(plain, lambda a, b: soft_target_loss(a, b, 2.0), weight=0.25)
    expected = 0.75 * nn.functional.cross_entropy(outputs, labels) + 0.25 * soft_target_loss(outputs, teacher, 2.0)
    torch.testing.assert_close(taught.train_loss(outputs, {"label": labels, TEACHER: teacher}), expected)
    assert torch.equal(taught.plain_loss(outputs, {"label": labels}), nn.functional.cross_entropy(outputs, labels))


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


def split(roles: list[str], hashes: list[str]) -> Split:
    ids = tuple(f"item{place}" for place in range(len(roles)))
    return Split(
        ids,
        tuple(hashes),
        {"label": ClassTarget(np.zeros(len(roles), dtype=np.int64), ("a", "b"))},
        None,
        np.array(roles),
        0,
    )


def test_a_teacher_that_has_seen_what_is_held_out_is_refused():
    ours = split(["train", "val", "test"], ["x", "y", "z"])
    _check_held_out("T", split(["train", "test"], ["x", "z"]), ours)
    for held_out, role in (("y", "val"), ("z", "test")):
        with pytest.raises(UsageError, match=rf"T was trained on 1 images that are in the {role} split here \(item"):
            _check_held_out("T", split(["train", "train"], ["x", held_out]), ours)
