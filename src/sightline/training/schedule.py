"""Learning-rate schedules as pure functions of the optimiser step; they multiply the configured rate."""

from collections.abc import Sequence
from math import cos, pi

from sightline.config.training import (
    ConstantSchedule,
    CosineSchedule,
    OneCycleSchedule,
    PlateauSchedule,
    SchedulerConfig,
    StepSchedule,
)


def rate_factor(config: SchedulerConfig, step: int, steps_per_epoch: int, total_steps: int, drops: int = 0) -> float:
    """The factor on the learning rate of optimiser step `step`, counted from 0.

    Args:
        config: the schedule.
        step: optimiser steps done before this one.
        steps_per_epoch: optimiser steps an epoch.
        total_steps: optimiser steps of the whole training.
        drops: for a plateau, how often the rate has dropped so far (`plateau_drops`).
    """
    match config:
        case OneCycleSchedule():
            return _one_cycle(config, step, total_steps)
        case CosineSchedule():
            warmup = config.warmup_epochs * steps_per_epoch
            done = max(0.0, step - warmup) / max(1.0, total_steps - warmup)
            shape = config.final + (1.0 - config.final) * 0.5 * (1.0 + cos(pi * min(1.0, done)))
        case StepSchedule():
            shape = config.gamma ** sum(step >= epoch * steps_per_epoch for epoch in config.milestones)
        case PlateauSchedule():
            shape = config.factor**drops
        case ConstantSchedule():
            shape = 1.0
    return shape * warmup_factor(step, config.warmup_epochs * steps_per_epoch)


def warmup_factor(step: int, warmup_steps: float) -> float:
    """Linear from 1/warmup_steps at step 0 to 1 at the end of the warm-up."""
    return min(1.0, (step + 1) / warmup_steps) if warmup_steps > 0 else 1.0


def plateau_drops(values: Sequence[float], patience: int, *, higher_is_better: bool) -> int:
    """How often a plateau schedule has dropped after these epochs: once per `patience` epochs without a new best."""
    best: float | None = None
    drops = waited = 0
    for value in values:
        if best is None or (value > best if higher_is_better else value < best):
            best = value
            waited = 0
            continue
        waited += 1
        if waited == patience:
            drops += 1
            waited = 0
    return drops


def _one_cycle(config: OneCycleSchedule, step: int, total_steps: int) -> float:
    peak = config.peak_at * (total_steps - 1)
    if step <= peak:
        return config.initial + (1.0 - config.initial) * (step / peak if peak > 0 else 1.0)
    return 1.0 + (config.final - 1.0) * (step - peak) / (total_steps - peak)
