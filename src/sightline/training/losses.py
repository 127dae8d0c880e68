"""The losses that train; validation is always judged by the plain one."""

from collections.abc import Callable
from functools import partial

import torch.nn.functional as F
from torch import Tensor


def cross_entropy(label_smoothing: float) -> Callable[[Tensor, Tensor], Tensor]:
    """Mean cross-entropy on labels (n,) or soft labels (n, k), in float32 whatever the precision of the logits."""
    return partial(_cross_entropy, label_smoothing=label_smoothing)


def _cross_entropy(logits: Tensor, labels: Tensor, label_smoothing: float) -> Tensor:
    return F.cross_entropy(logits.float(), labels, label_smoothing=label_smoothing)
