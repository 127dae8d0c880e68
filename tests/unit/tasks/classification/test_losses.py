"""Losses against torch's own and against formulas written out."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from sightline.config.training import ImbalanceConfig
from sightline.tasks.classification.losses import CrossEntropy, soft_target_loss, training_loss

COUNTS = np.array([500, 60, 7, 1, 0])
LOGITS = torch.randn(40, 5, generator=torch.Generator().manual_seed(0)) * 3
LABELS = torch.arange(40) % 5
SOFT = torch.rand(40, 5, generator=torch.Generator().manual_seed(1)).softmax(dim=1)


def imbalance(**changes):
    plain = {"class_weights": "none", "beta": 0.99, "sampler": "shuffled", "focal_gamma": 0.0, "logit_adjustment": 0.0}
    return ImbalanceConfig(name="x", **(plain | changes))


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("labels", [LABELS, SOFT], ids=["hard", "soft"])
def test_nothing_asked_for_is_torchs_cross_entropy_to_the_bit(smoothing, labels):
    loss = training_loss(imbalance(), smoothing, COUNTS)
    assert torch.equal(loss(LOGITS, labels), F.cross_entropy(LOGITS, labels, label_smoothing=smoothing))


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("labels", [LABELS, SOFT], ids=["hard", "soft"])
def test_weights_are_torchs(smoothing, labels):
    weights = torch.tensor([0.5, 1.0, 2.0, 3.0, 0.1])
    each = F.cross_entropy(LOGITS, labels, weight=weights, label_smoothing=smoothing, reduction="none")
    torch.testing.assert_close(CrossEntropy(smoothing, weights)(LOGITS, labels), each.mean())


def test_micro_batches_sum_to_the_whole():
    loss = training_loss(imbalance(class_weights="inverse", focal_gamma=1.5), 0.1, COUNTS)
    parts = [(LOGITS[span], LABELS[span]) for span in (slice(0, 7), slice(7, 40))]
    together = sum(loss(*part) * len(part[0]) / len(LOGITS) for part in parts)
    torch.testing.assert_close(together, loss(LOGITS, LABELS))


def test_focal_loss_by_its_formula():
    p = LOGITS.softmax(dim=1)[torch.arange(40), LABELS]
    expected = -((1 - p) ** 2 * p.log()).mean()
    torch.testing.assert_close(CrossEntropy(focal_gamma=2.0)(LOGITS, LABELS), expected)


def test_focal_loss_has_a_gradient_where_the_model_is_certain():
    logits = torch.tensor([[200.0, 0.0], [0.0, 200.0]], requires_grad=True)
    CrossEntropy(focal_gamma=0.5)(logits, torch.tensor([0, 0])).backward()
    assert logits.grad.isfinite().all()


def test_logit_adjustment_learns_what_balanced_classes_would_show():
    """Two classes, 9 : 1, and no feature: plain training learns the frequencies, adjusted training no difference."""
    counts, labels = np.array([90, 10]), torch.tensor([0] * 90 + [1] * 10)
    found = []
    for tau in (0.0, 1.0):
        bias = torch.zeros(2, requires_grad=True)
        loss, optimizer = training_loss(imbalance(logit_adjustment=tau), 0.0, counts), torch.optim.SGD([bias], lr=1.0)
        for _ in range(500):
            optimizer.zero_grad()
            loss(bias.expand(100, 2), labels).backward()
            optimizer.step()
        found.append(bias.softmax(dim=0)[0].item())
    assert found == pytest.approx([0.9, 0.5], abs=1e-3)


def test_the_soft_loss_is_the_divergence_of_softened_answers():
    student, teacher = torch.randn(5, 3), torch.randn(5, 3)
    p, q = (teacher / 3.0).softmax(dim=1), (student / 3.0).softmax(dim=1)
    expected = 9.0 * (p * (p / q).log()).sum(dim=1).mean()
    torch.testing.assert_close(soft_target_loss(student, teacher, 3.0), expected)
    assert soft_target_loss(teacher, teacher, 3.0).abs() < 1e-6
