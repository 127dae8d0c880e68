"""A teacher of masks, against the same of labels: every pixel is an item."""

import torch

from sightline.tasks.classification.losses import soft_target_loss
from sightline.tasks.segmentation.distillation import follow_pixels


def test_it_is_the_divergence_over_all_pixels():
    student, teacher = torch.randn(2, 3, 4, 5), torch.randn(2, 3, 4, 5)
    flat = [logits.movedim(1, 3).reshape(-1, 3) for logits in (student, teacher)]
    torch.testing.assert_close(follow_pixels(student, teacher, 2.0), soft_target_loss(*flat, 2.0))


def test_a_teacher_of_another_size_is_brought_to_the_students():
    student = torch.randn(1, 3, 4, 4)
    teacher = torch.nn.functional.interpolate(student, scale_factor=2, mode="nearest")
    assert follow_pixels(student, torch.zeros(1, 3, 8, 8), 1.0) > 0
    assert follow_pixels(teacher, student, 1.0).isfinite()
