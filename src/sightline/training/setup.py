"""What a training is made of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import torch
from torch import nn

from sightline.config.training import SchedulerConfig, TrainingConfig
from sightline.data.batch import Batch
from sightline.data.loaders import EvalLoader, TrainLoader
from sightline.models.freezing import FreezingPlan
from sightline.models.groups import LayerGroup
from sightline.run.folder import Run
from sightline.tasks.objective import Objective
from sightline.training.adversary import Adversary
from sightline.training.averages import Lookahead
from sightline.training.precision import Precision

if TYPE_CHECKING:
    from timm.utils import ModelEmaV3


class Teacher(Protocol):
    """Adds its outputs for every image to a batch's targets."""

    @property
    def needs_images(self) -> bool:
        """Whether it must see the images of a batch; not where it was asked about all of them beforehand."""

    def add_outputs(self, batch: Batch) -> Batch:
        """The batch, with the teacher's outputs among its targets."""


def _as_it_is(model: nn.Module) -> nn.Module:
    return model


@dataclass
class Training:
    """The components of one training, wired together by the train stage.

    `answering` makes of a model what is measured: one that takes large images in tiles.
    """

    config: TrainingConfig
    scheduler: SchedulerConfig
    seed: int
    rate: float
    model: nn.Module
    ema: "ModelEmaV3 | None"
    lookahead: Lookahead | None
    objective: Objective
    optimizer: torch.optim.Optimizer
    precision: Precision
    train: TrainLoader
    val: EvalLoader
    groups: list[LayerGroup]
    plan: FreezingPlan
    run: Run
    identity: Mapping[str, object]
    drop_rate: float = 0.0
    compiles: bool = False
    teacher: Teacher | None = None
    adversary: Adversary | None = None
    answering: Callable[[nn.Module], nn.Module] = _as_it_is

    @property
    def total_steps(self) -> int:
        """Optimiser steps of the whole training."""
        return self.config.epochs * len(self.train)

    @property
    def eval_model(self) -> nn.Module:
        """The weights that are evaluated and kept: the running average where there is one."""
        return self.ema.module if self.ema else self.model
