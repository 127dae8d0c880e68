"""A teacher sees what the student sees, in its own terms, and never what is held out."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from sightline.data.batch import Batch
from sightline.data.preprocessing import Preprocessing
from sightline.errors import UsageError
from sightline.tasks.classification.task import Classification
from sightline.training.extras.distillation import TEACHER
from sightline.training.extras.teacher import TeacherModel, _check_fit, _check_task
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
    seen = TeacherModel(Mean(), THEIRS, OURS, FP32).as_seen(normalised(pixels, OURS))
    torch.testing.assert_close(seen, normalised(pixels, THEIRS))
    larger = TeacherModel(Mean(), replace(THEIRS, image_size=20), OURS, FP32).as_seen(normalised(pixels, OURS))
    assert larger.shape == (4, 3, 20, 20)


def test_a_batch_gets_logits_and_keeps_the_rest_and_parts_keep_their_own():
    batch = Batch(torch.randn(6, 3, 8, 8), {"label": torch.arange(6) % 2}, np.arange(6), 0.5)
    taught = TeacherModel(Mean(), OURS, OURS, FP32).add_outputs(batch)
    torch.testing.assert_close(taught.targets[TEACHER], batch.images.mean(dim=(2, 3))[:, :2])
    assert taught.weight == 0.5
    assert taught.images is batch.images
    halves = taught.micro_batches(2)
    assert torch.equal(torch.cat([half.targets[TEACHER] for half in halves]), taught.targets[TEACHER])


def test_a_teacher_of_other_classes_or_another_task_is_refused():
    class Other(Classification):
        name = "other"

    ours = Classification(("a", "b"))
    _check_task("T", ours, ours)
    with pytest.raises(UsageError, match=r"T knows the classes a, c; the data have a, b"):
        _check_task("T", Classification(("a", "c")), ours)
    with pytest.raises(UsageError, match=r"T was trained for other; the model is for classification"):
        _check_task("T", Other(("a", "b")), ours)


def test_a_teacher_that_saw_other_squares_is_refused():
    _check_fit("T", THEIRS, OURS)
    with pytest.raises(UsageError, match=r"T was trained with fit=squash; here it is fit=crop"):
        _check_fit("T", replace(THEIRS, fit="squash"), OURS)
