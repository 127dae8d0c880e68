"""How a model is trained: freezing, optimiser, schedule, loop."""

from typing import Annotated, Literal, Self

from pydantic import Discriminator, Field, model_validator

from sightline.config.adversarial import AdversarialConfig
from sightline.config.base import (
    AUTO,
    AutoCount,
    AutoPositive,
    Count,
    Fraction,
    Frozen,
    NonNegative,
    OneOf,
    Positive,
    Probability,
)
from sightline.metrics.catalogue import MONITORED


class _Freezing(Frozen):
    dropout: bool
    warmup_epochs: NonNegative
    cached_views: Count | None


class NoFreezing(_Freezing):
    """Everything trains from the start."""

    name: Literal["none"]


class BackboneFreezing(_Freezing):
    """Only the head trains."""

    name: Literal["backbone"]


class PartialFreezing(_Freezing):
    """Some layer groups never train: those of `names`, or where there are none `backbone[:groups]`, from the stem on.

    So `groups=3` freezes the first three, `groups=-2` all but the last two before the head.
    """

    name: Literal["partial"]
    groups: int
    names: tuple[str, ...]


class LayerwiseFreezing(_Freezing):
    """The head trains from the start, then one group more every `every` epochs, from the head to the stem."""

    name: Literal["layerwise"]
    every: Count


class ProgressiveFreezing(_Freezing):
    """The head trains from the start; at each epoch of `unfreeze_at` the next share of the backbone joins it.

    Instead of a list, `every` says after how many epochs each of `stages` shares joins.
    """

    name: Literal["progressive"]
    unfreeze_at: tuple[Count, ...]
    every: Count | None
    stages: Count

    @property
    def epochs(self) -> tuple[int, ...]:
        """The epochs in which shares join."""
        if self.every is None:
            return self.unfreeze_at
        return tuple(self.every * stage for stage in range(1, self.stages + 1))

    @property
    def words(self) -> str:
        """The keys that say so, for messages."""
        if self.every is None:
            return f"freezing.unfreeze_at={list(self.unfreeze_at)}"
        return f"freezing.every={self.every} freezing.stages={self.stages}"


FreezingConfig = Annotated[
    NoFreezing | BackboneFreezing | PartialFreezing | LayerwiseFreezing | ProgressiveFreezing, Discriminator("name")
]


class _Optimizer(Frozen):
    """What all optimisers share.

    `lr_base` is the rate at `REFERENCE_BATCH` images a step, from which `lr=auto` follows the batch; None only in files
    of versions that had no such rule.
    """

    lr: AutoPositive
    lr_base: Positive | None = None
    weight_decay: NonNegative
    layer_decay: Annotated[float, Field(gt=0.0, le=1.0)]
    bias_scale: Positive
    bias_decay: NonNegative

    @model_validator(mode="after")
    def _a_rate_that_follows_has_a_base(self) -> Self:
        if self.lr == AUTO and self.lr_base is None:
            raise ValueError("lr=auto follows the batch from lr_base, the rate at 256 images a step; give it")
        return self


class SgdOptimizer(_Optimizer):
    """Stochastic gradient descent with momentum."""

    name: Literal["sgd"]
    momentum: Fraction
    nesterov: bool


class AdamWOptimizer(_Optimizer):
    """Adam with decoupled weight decay."""

    name: Literal["adamw"]
    betas: tuple[Fraction, Fraction]
    eps: Positive


class MuonOptimizer(_Optimizer):
    """Orthogonal steps for the matrices between stem and head, SGD with momentum for the rest."""

    name: Literal["muon"]
    momentum: Fraction
    matrix_lr: AutoPositive
    matrix_lr_base: Positive | None = None
    matrix_momentum: Fraction
    keep_norm: bool
    iterations: Annotated[int, Field(ge=1, le=20)]

    @model_validator(mode="after")
    def _the_rate_of_matrices_has_a_base(self) -> Self:
        if self.matrix_lr == AUTO and self.matrix_lr_base is None:
            raise ValueError("matrix_lr=auto follows the batch from matrix_lr_base; give it")
        return self


class TimmOptimizer(_Optimizer):
    """Any optimiser of timm's, by its name there."""

    name: Literal["timm"]
    opt: str


OptimizerConfig = Annotated[SgdOptimizer | AdamWOptimizer | MuonOptimizer | TimmOptimizer, Discriminator("name")]


class CosineSchedule(Frozen):
    """Linear warm-up, then half a cosine down to `final` times the rate."""

    name: Literal["cosine"]
    warmup_epochs: NonNegative
    final: Probability


class OneCycleSchedule(Frozen):
    """Linear up from `initial` to 1 over the fraction `peak_at` of all steps, then linear down to `final`."""

    name: Literal["onecycle"]
    peak_at: Probability
    initial: Probability
    final: Probability


class StepSchedule(Frozen):
    """Multiplied by `gamma` at each epoch of `milestones`, after a linear warm-up."""

    name: Literal["step"]
    warmup_epochs: NonNegative
    milestones: tuple[Count, ...]
    gamma: Annotated[float, Field(gt=0.0, lt=1.0)]


class PlateauSchedule(Frozen):
    """Multiplied by `factor` whenever the monitored value has not improved for `patience` epochs."""

    name: Literal["plateau"]
    warmup_epochs: NonNegative
    factor: Annotated[float, Field(gt=0.0, lt=1.0)]
    patience: Count


class ConstantSchedule(Frozen):
    """The same rate throughout, after a linear warm-up."""

    name: Literal["constant"]
    warmup_epochs: NonNegative


SchedulerConfig = Annotated[
    CosineSchedule | OneCycleSchedule | StepSchedule | PlateauSchedule | ConstantSchedule, Discriminator("name")
]


class ImbalanceConfig(Frozen):
    """What is done for classes that have few images."""

    name: str
    class_weights: Literal["none", "inverse", "effective"]
    beta: Fraction
    sampler: Literal["shuffled", "balanced"]
    focal_gamma: NonNegative
    logit_adjustment: NonNegative


class TrainingConfig(Frozen):
    """The loop: how long, how large, how precise, when to stop and what to keep."""

    epochs: Count
    batch_size: AutoCount
    accumulate: Count
    precision: Literal["auto", "fp32", "bf16", "fp16"]
    channels_last: Literal["auto", "on", "off"]
    compile: Literal["auto", "on", "off"]
    clip_norm: Positive | None
    label_smoothing: Fraction
    ema_decay: Fraction | None
    lookahead_steps: Count | None
    lookahead_decay: Fraction
    teacher: str | None
    teacher_weight: Probability
    teacher_temperature: Positive
    adversarial: AdversarialConfig
    soup: Annotated[int, Field(ge=2)] | None
    monitor: Annotated[str, OneOf(MONITORED)]
    patience: Count | None
    checkpoint_minutes: Positive
    steps_per_epoch: Count | None
    overfit_batches: Count | None
    profile_steps: Count | None
