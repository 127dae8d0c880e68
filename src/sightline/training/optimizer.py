"""Optimisers over parameter groups that carry their own rate."""

from collections.abc import Sequence

import torch

from sightline.config.base import decided
from sightline.config.suggestions import did_you_mean
from sightline.config.training import AdamWOptimizer, MuonOptimizer, OptimizerConfig, SgdOptimizer, TimmOptimizer
from sightline.errors import UsageError
from sightline.models.freezing import FreezingPlan
from sightline.models.parameter_groups import ParameterGroup
from sightline.training.muon import Muon
from sightline.training.schedule import warmup_factor


def build_optimizer(config: OptimizerConfig, groups: Sequence[ParameterGroup]) -> torch.optim.Optimizer:
    """The configured optimiser over groups from `models.parameter_groups`.

    Frozen parameters are in their groups from the start: without a gradient an optimiser neither moves them nor makes
    state for them, so that unfreezing begins with fresh state (rule 17).

    Raises:
        UsageError: timm knows no such optimiser.
    """
    rated: list[dict[str, object]] = [dict(group) for group in groups]  # torch adds keys of its own
    rate = decided(config.lr)
    match config:
        case SgdOptimizer():
            return torch.optim.SGD(rated, lr=rate, momentum=config.momentum, nesterov=config.nesterov, fused=True)
        case AdamWOptimizer():
            return torch.optim.AdamW(rated, lr=rate, betas=config.betas, eps=config.eps, fused=True)
        case MuonOptimizer():
            return Muon(
                rated,
                lr=rate,
                momentum=config.momentum,
                matrix_lr=decided(config.matrix_lr),
                matrix_momentum=config.matrix_momentum,
                keep_norm=config.keep_norm,
                iterations=config.iterations,
            )
        case TimmOptimizer():
            return _timm_optimizer(config, rated, rate)


def _timm_optimizer(config: TimmOptimizer, groups: list[dict[str, object]], rate: float) -> torch.optim.Optimizer:
    from timm.optim import create_optimizer_v2, list_optimizers

    names = [str(name) for name in list_optimizers()]
    if config.opt not in names:
        raise UsageError(f"optimizer.opt={config.opt} is no optimiser of timm's{did_you_mean(config.opt, names)}")
    # timm orders its own moves of `lr_scale`; the rates here are set by `set_rates` before every step.
    optimizer: torch.optim.Optimizer = create_optimizer_v2(groups, opt=config.opt, lr=rate, weight_decay=0.0)
    return optimizer


def set_rates(
    optimizer: torch.optim.Optimizer, rate: float, plan: FreezingPlan, step: int, steps_per_epoch: int
) -> None:
    """Set each group's rate: the scheduled one, times its layer's share, times the warm-up after it was unfrozen."""
    for group in optimizer.param_groups:
        start = plan.starts_at(group["group"])
        warm = 1.0
        if start:
            warm = warmup_factor(max(0, step - start * steps_per_epoch), plan.warmup_epochs * steps_per_epoch)
        group["lr"] = rate * group["lr_scale"] * warm
