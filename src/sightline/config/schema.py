"""The whole configuration as frozen models; every default lives in `conf/`, none here.

The groups stand in the files beside this one. Checks that span groups stand at the bottom, in `Config`.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from sightline.config.base import Count, Frozen
from sightline.config.data import (
    Cifar10Data,
    CsvData,
    DataConfig,
    DigitsData,
    FolderData,
    Policy,
    ValidationPolicy,
)
from sightline.config.model import (
    CnnModel,
    ModelConfig,
    TimmModel,
)
from sightline.config.results import (
    CalibrationConfig,
    EvaluationConfig,
    ExplainConfig,
    PredictConfig,
    ReportConfig,
    TrackingConfig,
)
from sightline.config.training import (
    AdamWOptimizer,
    BackboneFreezing,
    ConstantSchedule,
    CosineSchedule,
    FreezingConfig,
    ImbalanceConfig,
    LayerwiseFreezing,
    MuonOptimizer,
    NoFreezing,
    OneCycleSchedule,
    OptimizerConfig,
    PartialFreezing,
    PlateauSchedule,
    ProgressiveFreezing,
    SchedulerConfig,
    SgdOptimizer,
    StepSchedule,
    TimmOptimizer,
    TrainingConfig,
)
from sightline.config.transforms import (
    AffineConfig,
    ColourConfig,
    CropConfig,
    MixingConfig,
    PolicyConfig,
    TransformsConfig,
)

__all__ = [
    "ANYTIME",
    "FREE",
    "TRAINED",
    "AdamWOptimizer",
    "AffineConfig",
    "BackboneFreezing",
    "CalibrationConfig",
    "Cifar10Data",
    "CnnModel",
    "ColourConfig",
    "Config",
    "ConstantSchedule",
    "CosineSchedule",
    "CropConfig",
    "CsvData",
    "DataConfig",
    "DigitsData",
    "EvaluationConfig",
    "ExplainConfig",
    "FolderData",
    "FreezingConfig",
    "ImbalanceConfig",
    "LayerwiseFreezing",
    "MixingConfig",
    "ModeConfig",
    "ModelConfig",
    "MuonOptimizer",
    "NoFreezing",
    "OneCycleSchedule",
    "OptimizerConfig",
    "PartialFreezing",
    "PlateauSchedule",
    "Policy",
    "PolicyConfig",
    "PredictConfig",
    "ProgressiveFreezing",
    "ReportConfig",
    "SchedulerConfig",
    "SgdOptimizer",
    "Stage",
    "StepSchedule",
    "TimmModel",
    "TimmOptimizer",
    "TrackingConfig",
    "TrainingConfig",
    "TransformsConfig",
    "ValidationPolicy",
]

Stage = Literal["validate", "train", "evaluate", "calibrate", "explain", "report", "predict"]


class ModeConfig(Frozen):
    """What the command does: the stages it runs, in order."""

    name: str
    stages: Annotated[tuple[Stage, ...], Field(min_length=1)]


class Config(Frozen):
    """One composed configuration.

    `run`, `input`, `output`, `runs_dir` and `device` say where and on what; the rest says what.
    """

    run: str | None
    input: str | tuple[str, ...] | None
    output: str | None
    runs_dir: str
    device: Literal["auto", "cpu", "cuda", "mps"]
    seed: Annotated[int, Field(ge=0)]
    image_size: Annotated[int, Field(ge=8, le=4096)] | None
    limit: Count | None
    mode: ModeConfig
    data: DataConfig
    model: ModelConfig
    transforms: TransformsConfig
    freezing: FreezingConfig
    optimizer: OptimizerConfig
    scheduler: SchedulerConfig
    training: TrainingConfig
    imbalance: ImbalanceConfig
    evaluation: EvaluationConfig
    calibration: CalibrationConfig
    explain: ExplainConfig
    predict: PredictConfig
    report: ReportConfig
    tracking: TrackingConfig

    @model_validator(mode="after")
    def _freezing_needs_learned_weights(self) -> Self:
        if self.freezing.name != "none" and not self.model.has_learned_weights:
            raise ValueError(
                f"freezing={self.freezing.name} would keep random weights of {self.model.name} frozen; "
                "take freezing=none, or give learned weights (model.pretrained=true or model.weights=FILE)"
            )
        return self

    @model_validator(mode="after")
    def _cached_views_can_be_kept(self) -> Self:
        mixing = self.transforms.mixing
        if self.freezing.cached_views and (mixing.mixup_alpha or mixing.cutmix_alpha):
            raise ValueError("freezing.cached_views keeps views of single images; leave MixUp and CutMix off with it")
        if self.freezing.cached_views and self.imbalance.sampler == "balanced":
            raise ValueError("freezing.cached_views counts views by epoch; take imbalance.sampler=shuffled with it")
        return self

    @model_validator(mode="after")
    def _the_teacher_is_another_run(self) -> Self:
        if self.training.teacher == "latest":
            raise ValueError(
                "training.teacher=latest would soon mean the new run itself; give the path of the teacher's run"
            )
        return self

    @model_validator(mode="after")
    def _stages_of_unfreezing_happen(self) -> Self:
        if isinstance(self.freezing, ProgressiveFreezing):
            epochs = self.freezing.epochs
            if list(epochs) != sorted(set(epochs)):
                raise ValueError(f"{self.freezing.words} must increase from stage to stage")
            if epochs and epochs[-1] >= self.training.epochs:
                raise ValueError(
                    f"{self.freezing.words} reaches beyond the last epoch: "
                    f"training.epochs={self.training.epochs} counts from 0"
                )
        return self


TRAINED = (
    "data",
    "model",
    "transforms",
    "freezing",
    "optimizer",
    "scheduler",
    "training",
    "imbalance",
    "seed",
    "image_size",
    "limit",
)
"""The part of the configuration that training fixes: a finished run answers for these for ever."""

ANYTIME = (
    "data.store",
    "data.workers",
    "training.checkpoint_minutes",
    "training.profile_steps",
)
"""Keys of trained groups that change no result: how fast it comes, and what is kept on the way."""

FREE = ("evaluation", "calibration", "explain", "predict", "report", "tracking")
"""The groups that a later stage may set anew."""
