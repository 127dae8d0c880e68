"""The losses that train; validation is always judged by the plain one."""

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from sightline.config.training import ImbalanceConfig
from sightline.models.outputs import Outputs, only_tensor
from sightline.tasks.class_weights import class_weights

LEAST_DOUBT = 1e-6
"""Below it, the doubt that focal loss takes a power of has no gradient: a power below one would make it infinite."""


class CrossEntropy:
    """Mean cross-entropy over items, in float32 whatever the precision of the logits.

    Args:
        label_smoothing: share of each label that is spread over all classes.
        weights: (k,) of the classes, or None. The mean is over items, not over their weights, so that
            micro-batches add up to the loss of the whole.
        shift: (k,) added to the logits, or None.
        focal_gamma: power of the doubt 1 - p that each term is multiplied with; 0 is plain cross-entropy.
    """

    def __init__(
        self,
        label_smoothing: float = 0.0,
        weights: Tensor | None = None,
        shift: Tensor | None = None,
        focal_gamma: float = 0.0,
    ) -> None:
        self._label_smoothing = label_smoothing
        self._weights = weights
        self._shift = shift
        self._focal_gamma = focal_gamma

    def __call__(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Logits (n, k), and labels (n,) or soft labels (n, k)."""
        logits = logits.float()
        if self._shift is not None:
            logits = logits + self._shift.to(logits.device)
        if self._weights is None and not self._focal_gamma:
            return F.cross_entropy(logits, labels, label_smoothing=self._label_smoothing)
        classes = logits.shape[1]
        truth = F.one_hot(labels, classes).float() if labels.ndim == 1 else labels
        truth = truth * (1 - self._label_smoothing) + self._label_smoothing / classes
        log_p = logits.log_softmax(dim=1)
        terms = -truth * log_p
        if self._focal_gamma:
            terms = terms * (-torch.expm1(log_p)).clamp(min=LEAST_DOUBT) ** self._focal_gamma
        if self._weights is not None:
            terms = terms * self._weights.to(logits.device)
        return terms.sum(dim=1).mean()


def training_loss(config: ImbalanceConfig, label_smoothing: float, counts: NDArray[np.int64]) -> CrossEntropy:
    """The configured loss.

    Args:
        config: what is done for rare classes.
        label_smoothing: share of each label that is spread over all classes.
        counts: (k,) training images of each class.
    """
    shift = None
    if config.logit_adjustment:
        frequencies = np.maximum(counts, 1) / counts.sum()
        shift = torch.from_numpy(config.logit_adjustment * np.log(frequencies)).float()
    weights = None
    if config.class_weights != "none":
        weights = torch.from_numpy(class_weights(config.class_weights, config.beta, counts)).float()
    return CrossEntropy(label_smoothing, weights, shift, config.focal_gamma)


def soft_target_loss(outputs: Outputs, teacher: Outputs, temperature: float) -> Tensor:
    """Mean Kullback-Leibler divergence of softened probabilities, times temperature squared to keep gradients large.

    Args:
        outputs: (n, k) logits of the student.
        teacher: (n, k) logits of the teacher.
        temperature: both are divided by it.
    """
    student = (only_tensor(outputs).float() / temperature).log_softmax(dim=1)
    soft = (only_tensor(teacher).float() / temperature).log_softmax(dim=1)
    return temperature**2 * F.kl_div(student, soft, reduction="batchmean", log_target=True)
